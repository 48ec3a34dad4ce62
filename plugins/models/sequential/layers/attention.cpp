// Self-attention of several heads (Vaswani et al. 2017), with the names and the results of
// PyTorch's MultiheadAttention: two products by weights with the heads between them.
#include "layers/attention.hpp"

#include "graph/reorder.hpp"
#include "layers/dense.hpp"

namespace sequential {
namespace {

class SelfAttention final : public Layer {
  public:
    static constexpr About about{
        "attention",
        "self-attention over the vectors of a text, ignoring padding: softmax(scores) times "
        "values, for each head; parameters as PyTorch's MultiheadAttention"};
    SelfAttention() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        const Shape vectors = expect_vectors(builder.graph, input);
        const Attention attention = fields_.over(vectors);
        const AttentionWeights weights = add_attention_weights(builder, "", attention, vectors);
        return attend(builder, to_plain(builder.graph, input), attention, weights);
    }
    bool has_parameters() const override { return true; }

  private:
    AttentionFields fields_{this};
};

Distances distances_of(const std::string &word) {
    if (word == "relative") return Distances::relative;
    if (word == "alibi") return Distances::alibi;
    if (word == "rotary") return Distances::rotary;
    return Distances::none;
}

}  // namespace

AttentionFields::AttentionFields(spar::Record *owner)
    : heads_(owner, "heads", "number of heads, which split each vector evenly",
             {.fallback = 1, .min = 1}),
      causal_(owner, "causal", "whether a position attends to itself and earlier ones only",
              {.fallback = false}),
      score_(owner, "score",
             "of a query q and a key k of d values: dot is q k / sqrt(d), additive is v tanh(q + "
             "k) with a learned v (Bahdanau et al. 2015)",
             {"dot", "additive"}, {.fallback = "dot"}),
      distances_(owner, "positions",
                 "how positions enter the scores: relative adds a learned number for each distance "
                 "and head (Raffel et al. 2020, without buckets), alibi subtracts a multiple of "
                 "the distance (Press et al. 2022), rotary "
                 "rotates queries and keys by their positions (Su et al. 2021)",
                 {"none", "relative", "alibi", "rotary"}, {.fallback = "none"}),
      window_(owner, "window", "how many positions to either side it attends to; left out, all",
              {.min = 1, .optional = true}),
      dropout_(owner, "attention_dropout",
               "share of the entries of attention maps that are zeroed in training",
               {.fallback = 0, .min = 0, .below = 1}) {}

Attention AttentionFields::over(const Shape &vectors) const {
    const std::int64_t dim = vectors[1];
    if (dim % *heads_ != 0)
        throw spar::invalid(
            "the " + std::to_string(dim) + " values of a vector cannot be split evenly over " +
            std::to_string(*heads_) + " heads; choose a number of heads that divides them");
    const Attention attention{.heads = *heads_,
                              .causal = *causal_,
                              .additive = *score_ == "additive",
                              .distances = distances_of(*distances_),
                              .window = window_.value_or(0),
                              .dropout = *dropout_};
    if (attention.distances == Distances::rotary && dim / *heads_ % 2 != 0)
        throw spar::invalid("rotary positions rotate pairs of values, but a head has " +
                            std::to_string(dim / *heads_) + "; make that an even number");
    return attention;
}

AttentionWeights add_attention_weights(Builder &builder, const std::string &prefix,
                                       const Attention &attention, const Shape &vectors) {
    const std::int64_t length = vectors[0], dim = vectors[1];
    ParameterList &all = builder.graph.parameters;
    const auto add = [&](const char *name, Shape shape) -> Parameter & {
        return all.add(builder.parameter(prefix + name), std::move(shape));
    };
    Parameter &in = add("in_proj_weight", {3 * dim, dim}), &bias = add("in_proj_bias", {3 * dim});
    initialise_weight(in, "xavier_uniform", builder.key);
    const Weights out = add_weights(builder, prefix + "out_proj.", {dim, dim}, true, "pytorch");
    std::fill(out.bias->value.begin(), out.bias->value.end(), 0.0F);
    AttentionWeights weights{{in, &bias}, out, nullptr, nullptr, builder.parameter(prefix)};
    if (attention.additive) {
        weights.score = &add("score_weight", {attention.heads, dim / attention.heads});
        initialise_weight(*weights.score, "pytorch", builder.key);
    }
    if (attention.distances == Distances::relative)
        weights.bias = &add("relative_bias", {attention.heads, 2 * length - 1});
    return weights;
}

namespace {

int through_heads(Builder &builder, std::vector<int> from, const Attention &attention,
                  const AttentionWeights &weights) {
    Graph &graph = builder.graph;
    const std::int64_t queries = graph.value(from[0]).shape[0];
    const int gathered = graph.add_value({queries, weights.out.outputs()});
    graph.add(make_heads(builder, std::move(from), gathered, attention, weights));
    return add_dense(graph, gathered, weights.out);
}

}  // namespace

int attend(Builder &builder, int input, const Attention &attention,
           const AttentionWeights &weights) {
    Graph &graph = builder.graph;
    int value = add_dense(graph, input, weights.in);
    if (attention.distances == Distances::rotary) value = rotate(graph, value, attention.heads);
    return through_heads(builder, {value}, attention, weights);
}

int attend_to(Builder &builder, int input, int other, const Attention &attention,
              const AttentionWeights &weights) {
    const std::int64_t dim = weights.out.outputs();
    const int queries = add_dense(builder.graph, input, weights.in.part(0, dim));
    const int keys = add_dense(builder.graph, other, weights.in.part(dim, 2 * dim));
    return through_heads(builder, {queries, keys}, attention, weights);
}

LayerKind attention() {
    return kind_of<SelfAttention>();
}

}  // namespace sequential
