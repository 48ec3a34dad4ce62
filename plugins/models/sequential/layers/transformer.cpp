// Encoder and decoder layers of a Transformer (Vaswani et al. 2017), with the names and the results
// of PyTorch's TransformerEncoder and TransformerDecoder: attention and two linear layers, each
// with a way around it and a layernorm behind both or, with `norm_first`, on the way through. What
// a decoder decodes are learned queries (Carion et al. 2020, Jaegle et al. 2021).
#include "graph/combine.hpp"
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/attention.hpp"
#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/layernorm.hpp"
#include "layers/pointwise.hpp"
#include "layers/queries.hpp"

#include <utility>

namespace sequential {
namespace {

struct LayerWeights {
    AttentionWeights itself;
    std::optional<AttentionWeights> other;  // of a decoder
    Weights first, second;
    std::vector<LineNorm> norms;  // in the order of what they belong to
};

class Transformer final : public Layer {
  public:
    static constexpr About about{
        "transformer",
        "encoder layers over the vectors of a text, ignoring padding, or with `queries` decoder "
        "layers that attend to it; parameters as PyTorch's TransformerEncoder and "
        "TransformerDecoder: layers.0.self_attn.in_proj_weight, ..., norm.weight"};
    Transformer() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        Shape vectors = expect_vectors(graph, input);
        const int text = to_plain(graph, input);
        const Padding padding = builder.padding;
        int value = text;
        if (queries_.given()) {
            vectors[0] = *queries_;
            value = start(builder, vectors);
        }
        const Attention attention = attention_.over(vectors);
        for (std::int64_t i = 0; i < *layers_; ++i) {
            const LayerWeights w = weights(builder, i, attention, vectors);
            value = around(builder, value, w.norms[0],
                           [&](int x) { return attend(builder, x, attention, w.itself); });
            if (w.other) value = look(builder, value, text, padding, attention, w);
            value = around(builder, value, w.norms.back(),
                           [&](int x) { return feed_forward(builder, x, w); });
        }
        if (!*norm_) return value;
        return normalise_lines(graph, value, add_line_norm(builder, "norm.", vectors[1], *eps_));
    }
    bool has_parameters() const override { return true; }

  private:
    /// What a decoder begins with. From here on there is no padding.
    int start(Builder &builder, const Shape &vectors) const {
        builder.padding.end();
        Parameter &queries = builder.graph.parameters.add(builder.parameter("queries"), vectors);
        initialise_normal(queries, *deviation_, builder.key);
        return add_queries(builder.graph, queries);
    }

    /// In the order of PyTorch's.
    LayerWeights weights(Builder &builder, std::int64_t layer, const Attention &attention,
                         const Shape &vectors) const {
        const std::string prefix = "layers." + std::to_string(layer) + ".";
        const std::int64_t dim = vectors[1];
        const auto linear = [&](const char *name, std::int64_t out, std::int64_t in) {
            return add_weights(builder, prefix + name, {out, in}, true, "pytorch");
        };
        const AttentionWeights itself =
            add_attention_weights(builder, prefix + "self_attn.", attention, vectors);
        std::optional<AttentionWeights> other;
        if (queries_.given())
            other.emplace(add_attention_weights(builder, prefix + "multihead_attn.",
                                                attention.across(), vectors));
        const Weights first = linear("linear1.", *hidden_, dim);
        const Weights second = linear("linear2.", dim, *hidden_);
        LayerWeights all{itself, other, first, second, {}};
        for (const char *name : {"norm1.", "norm2.", "norm3."})
            if (other || all.norms.size() < 2)
                all.norms.push_back(add_line_norm(builder, prefix + name, dim, *eps_));
        return all;
    }

    template <class Through>
    int around(Builder &builder, int value, const LineNorm &norm, Through through) const {
        Graph &graph = builder.graph;
        const int inside = *norm_first_ ? normalise_lines(graph, value, norm) : value;
        const int sum = sequential::add(graph, drop(builder, through(inside), *dropout_), value);
        return *norm_first_ ? sum : normalise_lines(graph, sum, norm);
    }

    /// From the queries to the text.
    int look(Builder &builder, int value, int text, const Padding &of_text,
             const Attention &attention, const LayerWeights &w) const {
        return around(builder, value, w.norms[1], [&](int x) {
            const Padding ended = std::exchange(builder.padding, of_text);
            const int found = attend_to(builder, x, text, attention.across(), *w.other);
            builder.padding = ended;
            return found;
        });
    }

    int feed_forward(Builder &builder, int value, const LayerWeights &w) const {
        const int inside = hidden(builder.graph, value, w);
        return add_dense(builder.graph, drop(builder, inside, *dropout_), w.second);
    }

    int hidden(Graph &graph, int value, const LayerWeights &w) const {
        if (*activation_ == "relu") return add_dense(graph, value, w.first, {}, Rectifier{0.0F});
        return add_pointwise(graph, add_dense(graph, value, w.first),
                             {kernels().gelu, kernels().gelu_gradient, false});
    }

    spar::Integer layers_{this, "layers", "number of layers", {.fallback = 1, .min = 1}};
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
    spar::Integer queries_{
        this,
        "queries",
        "makes them decoder layers: so many learned vectors attend to each other (`causal`, "
        "`positions` and `window` are theirs) and to the text, and take its place",
        {.min = 1, .max = 1 << 20, .optional = true}};
    spar::Number deviation_{
        this, "std", "of the normal numbers that the queries start as", {.fallback = 1, .min = 0}};
};

}  // namespace

LayerKind transformer() {
    return kind_of<Transformer>();
}

}  // namespace sequential
