#include "layers/pointwise.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Pointwise final : public Operation {
  public:
    Pointwise(const Graph &graph, int input, int result, const PointwiseFunction &function)
        : function_(function), stride_(graph.value(input).stride()) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            function_.values(batch.value(inputs[0], row), batch.value(outputs[0], row), stride_);
    }

    void backward(Batch &batch, bool input, bool) const override {
        const int from = function_.from_output ? outputs[0] : inputs[0];
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            float *dx = batch.gradient(inputs[0], row);
            std::copy_n(batch.gradient(outputs[0], row), stride_, dx);
            function_.gradient(batch.value(from, row), dx, stride_);
        }
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return function_.from_output; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        stride_ = graph.value(inputs[0]).stride();
        return true;
    }

  private:
    PointwiseFunction function_;
    std::int64_t stride_;
};

}  // namespace

int add_pointwise(Graph &graph, int input, const PointwiseFunction &function) {
    const int result = graph.add_value(graph.value(input).shape, graph.value(input).image);
    graph.add(std::make_unique<Pointwise>(graph, input, result, function));
    return result;
}

}  // namespace sequential
