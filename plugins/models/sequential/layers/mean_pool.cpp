// Mean of the vectors of a text's tokens; zero for a text that is all padding.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

#include <algorithm>

namespace sequential {
namespace {

class TokenMean final : public Operation {
  public:
    TokenMean(Graph &graph, int input, int result, const Padding &padding)
        : padding_(padding),
          length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
        shares_ = graph.reserve(static_cast<std::size_t>(graph.width * length_) * sizeof(float));
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = 0; row < batch.end; ++row) {
            const float *x = batch.frame->data(inputs[0]) + row * length_ * dim_;
            float *y = batch.frame->data(outputs[0]) + row * dim_;
            auto *tokens = batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
            padding_.tokens(batch, row, length_, tokens);
            std::fill_n(y, dim_, 0.0F);
            std::int64_t count = 0;
            for (std::int64_t i = 0; i < length_; ++i)
                if (tokens[i] != 0) {
                    kernels().add(x + i * dim_, y, dim_);
                    ++count;
                }
            const float share = count > 0 ? 1.0F / static_cast<float>(count) : 0.0F;
            for (std::int64_t j = 0; j < dim_; ++j) y[j] *= share;
            float *shares = batch.frame->extra<float>(shares_) + row * length_;
            for (std::int64_t i = 0; i < length_; ++i) shares[i] = tokens[i] != 0 ? share : 0.0F;
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const float *shares = batch.frame->extra<float>(shares_);
        for (std::int64_t row = 0; row < batch.end; ++row) {
            const float *g = batch.work->gradient(outputs[0]) + row * dim_;
            for (std::int64_t i = row * length_; i < (row + 1) * length_; ++i) {
                float *dx = batch.work->gradient(inputs[0]) + i * dim_;
                for (std::int64_t j = 0; j < dim_; ++j) dx[j] = g[j] * shares[i];
            }
        }
    }

    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

  private:
    Padding padding_;
    std::int64_t length_, dim_;
    std::size_t shares_ = 0, tokens_ = 0;
};

class MeanPool final : public Layer {
  public:
    static constexpr About about{
        "mean_pool",
        "mean of the vectors of a text, padding left out; after an embedding or patches"};
    MeanPool() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape in = expect_vectors(graph, input);
        const int result = graph.add_value({in[1]});
        graph.add(
            std::make_unique<TokenMean>(graph, to_plain(graph, input), result, builder.padding));
        return result;
    }
    bool pools() const override { return true; }
};

}  // namespace

LayerKind mean_pool() {
    return kind_of<MeanPool>();
}

}  // namespace sequential
