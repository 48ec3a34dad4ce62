// Functions of single values with constants of their own, as operations.
#pragma once

#include "graph/graph.hpp"

#include <algorithm>

namespace onnx {

/// y = f(x). F has value(x) and slope(x, y), the derivative at x.
template <class F>
class Function final : public sequential::Operation {
  public:
    Function(const sequential::Graph &graph, int input, int result, const F &function)
        : function_(function), stride_(graph.value(input).stride()) {
        inputs = {input};
        outputs = {result};
    }

    void forward(sequential::Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row);
            float *y = batch.value(outputs[0], row);
            for (std::int64_t i = 0; i < stride_; ++i) y[i] = function_.value(x[i]);
        }
    }

    void backward(sequential::Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row), *y = batch.value(outputs[0], row);
            const float *g = batch.gradient(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            for (std::int64_t i = 0; i < stride_; ++i) dx[i] = g[i] * function_.slope(x[i], y[i]);
        }
    }

    bool by_example() const override { return true; }

  private:
    F function_;
    std::int64_t stride_;
};

/// In whatever layout the input has.
template <class F>
int add_function(sequential::Graph &graph, int input, const F &function) {
    const int result = graph.add_value(graph.value(input).shape, graph.value(input).image);
    graph.add(std::make_unique<Function<F>>(graph, input, result, function));
    return result;
}

}  // namespace onnx
