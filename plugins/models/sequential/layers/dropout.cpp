// Dropout (Srivastava et al. 2014): in training, zeroes values at random and scales up the others.
#include "layers/dropout.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Dropping final : public Operation {
  public:
    Dropping(Graph &graph, int input, int result, double probability, std::uint32_t ordinal)
        : value_(graph.value(result)),
          stride_(value_.stride()),
          size_(value_.size()),
          probability_(static_cast<float>(probability)),
          ordinal_(ordinal) {
        inputs = {input};
        outputs = {result};
        factors_ = graph.reserve(static_cast<std::size_t>(graph.width * stride_) * sizeof(float));
        graph.reserve_scratch(static_cast<std::size_t>(size_) * sizeof(float));
    }

    void forward(Batch &batch) const override {
        float *factors = batch.frame->extra<float>(factors_);
        const float *x = batch.frame->data(inputs[0]);
        float *y = batch.frame->data(outputs[0]);
        const float scale = 1.0F / (1.0F - probability_);
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            float *factor = factors + row * stride_;
            if (!batch.drops) {
                std::fill_n(factor, stride_, 1.0F);
                continue;
            }
            const auto id = static_cast<std::uint64_t>(batch.ids != nullptr ? batch.ids[row] : 0);
            const Draw draw{batch.key, id, ordinal_};
            if (!value_.blocked()) {
                kernels().keep_factors(draw, probability_, scale, size_, factor);
                continue;
            }
            float *in_order = batch.work->scratch();
            kernels().keep_factors(draw, probability_, scale, size_, in_order);
            for (std::int64_t i = 0; i < size_; ++i) factor[value_.position(i)] = in_order[i];
        }
        kernels().multiply_by(factors, x, y, batch.rows * stride_);
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const float *factors = batch.frame->extra<float>(factors_);
        const float *g = batch.work->gradient(outputs[0]);
        float *dx = batch.work->gradient(inputs[0]);
        kernels().multiply_by(factors, g, dx, batch.rows * stride_);
    }

    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        value_ = graph.value(outputs[0]);
        stride_ = value_.stride();
        size_ = value_.size();
        return true;
    }

  private:
    Value value_;
    std::int64_t stride_, size_;
    float probability_;
    std::uint32_t ordinal_;
    std::size_t factors_ = 0;
};

class Dropout final : public Layer {
  public:
    static constexpr About about{"dropout", "in training, zeroes values at random"};
    Dropout() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        return drop(builder.graph, input, *probability_, builder.next_ordinal());
    }

  private:
    spar::Number probability_{this,
                              "p",
                              "share of values set to zero in training",
                              {.fallback = 0.5, .min = 0, .below = 1}};
};

}  // namespace

int drop(Graph &graph, int input, double probability, std::uint32_t ordinal) {
    const int result = graph.add_value(graph.value(input).shape, graph.value(input).image);
    graph.add(std::make_unique<Dropping>(graph, input, result, probability, ordinal));
    return result;
}

int drop(Builder &builder, int input, double probability) {
    if (probability <= 0) return input;
    return drop(builder.graph, input, probability, builder.next_ordinal());
}

LayerKind dropout() {
    return kind_of<Dropout>();
}

}  // namespace sequential
