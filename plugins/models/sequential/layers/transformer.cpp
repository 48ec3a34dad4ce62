// Encoder layers of a Transformer (Vaswani et al. 2017), with the names and the results of
// PyTorch's TransformerEncoder: attention and two linear layers, each with a way around it and a
// layernorm behind both or, with `norm_first`, on the way through.
#include "graph/combine.hpp"
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/attention.hpp"
#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/layernorm.hpp"
#include "layers/pointwise.hpp"

namespace sequential {
namespace {

struct EncoderWeights {
    AttentionWeights attention;
    Weights first, second;
    LineNorm norm1, norm2;
};

class Transformer final : public Layer {
  public:
    static constexpr About about{
        "transformer",
        "encoder layers over the vectors of a text, ignoring padding; parameters as PyTorch's "
        "TransformerEncoder: layers.0.self_attn.in_proj_weight, ..., norm.weight"};
    Transformer() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape vectors = expect_vectors(graph, input);
        const Attention attention = attention_.over(vectors);
        int value = to_plain(graph, input);
        for (std::int64_t i = 0; i < *layers_; ++i)
            value = encode(builder, value, attention, weights(builder, i, attention, vectors));
        if (!*norm_) return value;
        return normalise_lines(graph, value, add_line_norm(builder, "norm.", vectors[1], *eps_));
    }
    bool has_parameters() const override { return true; }

  private:
    /// In the order of PyTorch's.
    EncoderWeights weights(Builder &builder, std::int64_t layer, const Attention &attention,
                           const Shape &vectors) const {
        const std::string prefix = "layers." + std::to_string(layer) + ".";
        const std::int64_t dim = vectors[1];
        const auto linear = [&](const char *name, std::int64_t out, std::int64_t in) {
            return add_weights(builder, prefix + name, {out, in}, true, "pytorch");
        };
        const auto norm = [&](const char *name) {
            return add_line_norm(builder, prefix + name, dim, *eps_);
        };
        const AttentionWeights heads =
            add_attention_weights(builder, prefix + "self_attn.", attention, vectors);
        const Weights first = linear("linear1.", *hidden_, dim);
        const Weights second = linear("linear2.", dim, *hidden_);
        const LineNorm norm1 = norm("norm1.");
        return {heads, first, second, norm1, norm("norm2.")};
    }

    int encode(Builder &builder, int x, const Attention &attention, const EncoderWeights &w) const {
        Graph &graph = builder.graph;
        const auto around = [&](int value, const LineNorm &norm, auto through) {
            const int inside = *norm_first_ ? normalise_lines(graph, value, norm) : value;
            const int sum =
                sequential::add(graph, drop(builder, through(inside), *dropout_), value);
            return *norm_first_ ? sum : normalise_lines(graph, sum, norm);
        };
        const int attended = around(
            x, w.norm1, [&](int value) { return attend(builder, value, attention, w.attention); });
        return around(attended, w.norm2, [&](int value) {
            return add_dense(graph, drop(builder, hidden(graph, value, w), *dropout_), w.second);
        });
    }

    int hidden(Graph &graph, int value, const EncoderWeights &w) const {
        if (*activation_ == "relu") return add_dense(graph, value, w.first, {}, Rectifier{0.0F});
        return add_pointwise(graph, add_dense(graph, value, w.first),
                             {kernels().gelu, kernels().gelu_gradient, false});
    }

    spar::Integer layers_{this, "layers", "number of encoder layers", {.fallback = 1, .min = 1}};
    AttentionFields attention_{this};
    spar::Integer hidden_{
        this, "hidden", "width between the two linear layers", {.min = 1, .max = 1 << 20}};
    spar::Choice activation_{
        this, "activation", "between them", {"relu", "gelu"}, {.fallback = "relu"}};
    spar::Number dropout_{this,
                          "dropout",
                          "share of values zeroed in training: after attention, between the linear "
                          "layers and after them",
                          {.fallback = 0, .min = 0, .below = 1}};
    spar::Boolean norm_first_{this,
                              "norm_first",
                              "whether layernorms come before attention and linear layers instead "
                              "of after the sums (Xiong et al. 2020)",
                              {.fallback = false}};
    spar::Boolean norm_{
        this, "norm", "whether one more layernorm follows the last layer", {.fallback = false}};
    spar::Number eps_{this,
                      "eps",
                      "added to the variance by the layernorms",
                      {.fallback = 1e-5, .max = 1, .above = 0.0}};
};

}  // namespace

LayerKind transformer() {
    return kind_of<Transformer>();
}

}  // namespace sequential
