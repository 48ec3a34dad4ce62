// A vector of its own for every position of a text, added to the one that is there; padding stays
// as it is.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

#include <algorithm>
#include <cmath>

namespace sequential {
namespace {

/// In the memory of the input, where nobody needs that again. The gradient passes as it is.
class AddPositions final : public Operation {
  public:
    /// `weight`: [length, dim], learned where it is a parameter.
    AddPositions(Graph &graph, int input, int result, const Padding &padding, Parameter *weight,
                 std::vector<float> fixed)
        : padding_(padding),
          weight_(weight),
          fixed_(std::move(fixed)),
          length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]),
          weights_(length_ * dim_) {
        inputs = {input};
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
        if (weight_ != nullptr) slot_ = graph.add_gradient_slot(length_ * dim_);
    }

    void forward(Batch &batch) const override {
        const float *vectors = weight_ != nullptr ? weight_->value.data() : fixed_.data();
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            float *y = batch.value(outputs[0], row);
            if (const float *x = batch.value(inputs[0], row); x != y)
                std::copy_n(x, length_ * dim_, y);
            std::uint8_t *tokens = tokens_of(batch, row);
            padding_.tokens(batch, row, length_, tokens);
            for (std::int64_t i = 0; i < length_; ++i)
                if (tokens[i] != 0) kernels().add(vectors + i * dim_, y + i * dim_, dim_);
        }
    }

    void backward(Batch &batch, bool, bool parameters) const override {
        if (!parameters) return;
        float *sum = batch.gradients->slot(slot_);
        std::fill_n(sum, weights_, 0.0F);
        for (std::int64_t row = 0; row < batch.rows; ++row)
            for (std::int64_t i = 0; i < length_; ++i)
                if (tokens_of(batch, row)[i] != 0)
                    kernels().add(batch.gradient(outputs[0], row) + i * dim_, sum + i * dim_, dim_);
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return weight_ != nullptr; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

    void deposit(const ParameterGradients &gradients) const override {
        if (weight_ != nullptr)
            kernels().add(gradients.slot(slot_), weight_->gradient.data(), weights_);
    }

  private:
    std::uint8_t *tokens_of(const Batch &batch, std::int64_t row) const {
        return batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
    }

    Padding padding_;
    Parameter *weight_;
    std::vector<float> fixed_;
    std::int64_t length_, dim_, weights_;
    std::size_t tokens_ = 0;
    int slot_ = -1;
};

/// Sines and cosines of wavelengths from 2 pi to 10,000 times that (Vaswani et al. 2017).
std::vector<float> waves(const Shape &shape) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < shape[0]; ++i)
        for (std::int64_t c = 0; c < shape[1]; ++c) {
            const std::int64_t pair = c - c % 2;
            const double exponent = static_cast<double>(pair) / static_cast<double>(shape[1]);
            const double angle = static_cast<double>(i) * std::pow(10000.0, -exponent);
            values.push_back(static_cast<float>(c % 2 == 0 ? std::sin(angle) : std::cos(angle)));
        }
    return values;
}

class Positions final : public Layer {
  public:
    static constexpr About about{"positions",
                                 "adds a vector for its position to each vector of a text; rotary "
                                 "and relative positions are parameters of attention"};
    Positions() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape shape = expect_vectors(graph, input);
        if (*kind_ == "none") return input;
        input = to_plain(graph, input);
        Parameter *weight = nullptr;
        if (*kind_ == "learned") {
            weight = &graph.parameters.add(builder.parameter("weight"), shape);
            initialise_normal(*weight, *deviation_, builder.key);
        }
        const int result = graph.add_over(input);
        graph.add(std::make_unique<AddPositions>(
            graph, input, result, builder.padding, weight,
            weight == nullptr ? waves(shape) : std::vector<float>{}));
        return result;
    }
    bool has_parameters() const override { return *kind_ == "learned"; }
    bool places() const override { return true; }

  private:
    spar::Choice kind_{this,
                       "kind",
                       "learned is a weight [length, dim]; sinusoidal needs no parameters (Vaswani "
                       "et al. 2017); none adds nothing",
                       {"learned", "sinusoidal", "none"},
                       {.fallback = "learned"}};
    spar::Number deviation_{this,
                            "std",
                            "of the normal numbers that learned vectors start as",
                            {.fallback = 0.02, .min = 0}};
};

}  // namespace

LayerKind positions() {
    return kind_of<Positions>();
}

}  // namespace sequential
