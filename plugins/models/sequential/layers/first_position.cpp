// The vector at the first position: that of a class token, or of a text's first.
#include "graph/reorder.hpp"
#include "layers/builder.hpp"

#include <algorithm>

namespace sequential {
namespace {

class First final : public Operation {
  public:
    First(const Graph &graph, int input, int result)
        : dim_(graph.value(result).size()), size_(graph.value(input).size()) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            std::copy_n(batch.value(inputs[0], row), dim_, batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            float *dx = batch.gradient(inputs[0], row);
            std::copy_n(batch.gradient(outputs[0], row), dim_, dx);
            std::fill(dx + dim_, dx + size_, 0.0F);
        }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        size_ = graph.value(inputs[0]).size();
        return true;
    }

  private:
    std::int64_t dim_, size_;
};

class FirstPosition final : public Layer {
  public:
    static constexpr About about{
        "first_position",
        "the first vector of a text, or of an image's patches: the class token, if there is one"};
    FirstPosition() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const std::int64_t dim = expect_vectors(graph, input)[1];
        const int result = graph.add_value({dim});
        graph.add(std::make_unique<First>(graph, to_plain(graph, input), result));
        return result;
    }
    bool pools() const override { return true; }
};

}  // namespace

LayerKind first_position() {
    return kind_of<FirstPosition>();
}

}  // namespace sequential
