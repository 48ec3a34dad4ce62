// Functions of two values at the same place, as operations.
#pragma once

#include "graph/graph.hpp"

namespace onnx {

/// y = f(a, b), value by value. F has value(a, b), and the derivatives left(a, b) and right(a, b).
template <class F>
class FunctionOfTwo final : public sequential::Operation {
  public:
    FunctionOfTwo(const sequential::Graph &graph, int left, int right, int result)
        : stride_(graph.value(result).stride()) {
        inputs = {left, right};
        outputs = {result};
    }

    void forward(sequential::Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *a = batch.value(inputs[0], row), *b = batch.value(inputs[1], row);
            float *y = batch.value(outputs[0], row);
            for (std::int64_t i = 0; i < stride_; ++i) y[i] = F::value(a[i], b[i]);
        }
    }

    void backward(sequential::Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const float *a = batch.value(inputs[0], row), *b = batch.value(inputs[1], row);
            const float *g = batch.gradient(outputs[0], row);
            float *da = batch.gradient(inputs[0], row), *db = batch.gradient(inputs[1], row);
            for (std::int64_t i = 0; i < stride_; ++i) {
                da[i] = g[i] * F::left(a[i], b[i]);
                db[i] = g[i] * F::right(a[i], b[i]);
            }
        }
    }

    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    std::int64_t stride_;
};

/// Of plain values of one shape.
template <class F>
int add_function_of_two(sequential::Graph &graph, int left, int right) {
    const int result = graph.add_value(graph.value(left).shape);
    graph.add(std::make_unique<FunctionOfTwo<F>>(graph, left, right, result));
    return result;
}

}  // namespace onnx
