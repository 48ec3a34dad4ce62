// Mean of the vectors of a text by learned shares: the softmax of their products with a weight;
// zero for a text that is all padding.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

#include <algorithm>
#include <limits>

namespace sequential {
namespace {

class SharedMean final : public Operation {
  public:
    SharedMean(Graph &graph, int input, int result, const Padding &padding, Parameter &weight)
        : padding_(padding),
          weight_(weight),
          length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]),
          slot_(graph.add_gradient_slot(dim_)) {
        inputs = {input};
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
        shares_ = graph.reserve(static_cast<std::size_t>(graph.width * length_) * sizeof(float));
        graph.reserve_scratch(scratch_size() * sizeof(float));
    }

    void forward(Batch &batch) const override {
        constexpr float left_out = -std::numeric_limits<float>::infinity();
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row);
            auto *tokens = batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
            float *shares = shares_of(batch, row);
            padding_.tokens(batch, row, length_, tokens);
            scores(batch, x, weight_.value.data(), shares);
            for (std::int64_t i = 0; i < length_; ++i)
                if (tokens[i] == 0) shares[i] = left_out;
            kernels().softmax(length_, nullptr, nullptr, shares);
            kernels().multiply({1, length_, dim_, 1.0F, dim_}, {shares, length_, 1}, {x, dim_, 1},
                               batch.work->scratch(), batch.value(outputs[0], row));
        }
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (parameters) std::fill_n(batch.gradients->slot(slot_), dim_, 0.0F);
        float *slopes = batch.work->scratch() + product_scratch(), *sum = slopes + length_;
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            const float *x = batch.value(inputs[0], row), *shares = shares_of(batch, row);
            const float *g = batch.gradient(outputs[0], row);
            scores(batch, x, g, slopes);
            kernels().softmax_gradient(length_, shares, slopes);
            if (parameters) {
                kernels().multiply({1, length_, dim_, 1.0F, dim_}, {slopes, length_, 1},
                                   {x, dim_, 1}, batch.work->scratch(), sum);
                kernels().add(sum, batch.gradients->slot(slot_), dim_);
            }
            float *dx = batch.gradient(inputs[0], row);
            for (std::int64_t i = 0; input && i < length_; ++i)
                for (std::int64_t c = 0; c < dim_; ++c)
                    dx[i * dim_ + c] =
                        shares[i] * g[c] + slopes[i] * weight_.value[static_cast<std::size_t>(c)];
        }
    }

    bool by_example() const override { return true; }
    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(slot_), weight_.gradient.data(), dim_);
    }

  private:
    std::int64_t product_scratch() const {
        return kernels().multiply_scratch(std::max(length_, dim_));
    }
    std::size_t scratch_size() const {
        return static_cast<std::size_t>(product_scratch() + length_ + dim_);
    }
    float *shares_of(const Batch &batch, std::int64_t row) const {
        return batch.frame->extra<float>(shares_) + row * length_;
    }
    /// Products of all vectors with one.
    void scores(const Batch &batch, const float *x, const float *with, float *y) const {
        kernels().multiply({1, dim_, length_, 1.0F, length_}, {with, dim_, 1}, {x, 1, dim_},
                           batch.work->scratch(), y);
    }

    Padding padding_;
    Parameter &weight_;
    std::int64_t length_, dim_;
    int slot_;
    std::size_t tokens_ = 0, shares_ = 0;
};

class AttentionPool final : public Layer {
  public:
    static constexpr About about{
        "attention_pool",
        "mean of the vectors x of a text, weighted by softmax(x weight), ignoring padding"};
    AttentionPool() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const std::int64_t dim = expect_vectors(graph, input)[1];
        Parameter &weight = graph.parameters.add(builder.parameter("weight"), {1, dim});
        initialise_weight(weight, "pytorch", builder.key);
        const int result = graph.add_value({dim});
        graph.add(std::make_unique<SharedMean>(graph, to_plain(graph, input), result,
                                               builder.padding, weight));
        return result;
    }
    bool has_parameters() const override { return true; }
};

}  // namespace

LayerKind attention_pool() {
    return kind_of<AttentionPool>();
}

}  // namespace sequential
