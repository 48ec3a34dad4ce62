// Functions of an example's value and a constant or parameter, which several values may share.
#pragma once

#include "graph/graph.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>

namespace onnx {

/// y = f(x, c), value by value. F has value(x, c), and the derivatives left(x, c) and right(x, c).
template <class F>
class WithConstant final : public sequential::Operation {
  public:
    /// `places`: which of the parameter's values meets each value of an example.
    WithConstant(sequential::Graph &graph, int input, int result,
                 const sequential::Parameter &parameter, std::vector<std::int32_t> places,
                 sequential::Parameter *trained)
        : constant_(parameter), trained_(trained), places_(std::move(places)) {
        inputs = {input};
        outputs = {result};
        if (trained_ != nullptr)
            slot_ = graph.add_gradient_slot(static_cast<std::int64_t>(parameter.value.size()));
    }

    void forward(sequential::Batch &batch) const override {
        const float *c = constant_.value.data();
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row);
            float *y = batch.value(outputs[0], row);
            for (std::size_t i = 0; i < places_.size(); ++i) y[i] = F::value(x[i], c[places_[i]]);
        }
    }

    void backward(sequential::Batch &batch, bool input, bool parameters) const override {
        const float *c = constant_.value.data();
        float *sums = parameters ? batch.gradients->slot(slot_) : nullptr;
        if (parameters) std::fill_n(sums, constant_.value.size(), 0.0F);
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row), *g = batch.gradient(outputs[0], row);
            for (std::size_t i = 0; parameters && i < places_.size(); ++i)
                sums[places_[i]] += g[i] * F::right(x[i], c[places_[i]]);
            if (!input) continue;
            float *dx = batch.gradient(inputs[0], row);
            for (std::size_t i = 0; i < places_.size(); ++i)
                dx[i] = g[i] * F::left(x[i], c[places_[i]]);
        }
    }

    bool has_parameters() const override { return trained_ != nullptr; }
    bool by_example() const override { return true; }
    bool reads_output() const override { return false; }
    void deposit(const sequential::ParameterGradients &gradients) const override {
        if (trained_ == nullptr) return;
        sequential::kernels().add(gradients.slot(slot_), trained_->gradient.data(),
                                  static_cast<std::int64_t>(trained_->gradient.size()));
    }

  private:
    const sequential::Parameter &constant_;
    sequential::Parameter *trained_;
    std::vector<std::int32_t> places_;
    int slot_ = 0;
};

/// Of a plain value. Learns the parameter if it is `trained`.
template <class F>
int add_with_constant(sequential::Graph &graph, int input, sequential::Parameter &parameter,
                      std::vector<std::int32_t> places, bool trained) {
    const int result = graph.add_value(graph.value(input).shape);
    graph.add(std::make_unique<WithConstant<F>>(graph, input, result, parameter, std::move(places),
                                                trained ? &parameter : nullptr));
    return result;
}

}  // namespace onnx
