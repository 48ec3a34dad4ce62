// Multi-head attention, as a layer and as a part of others.
#pragma once

#include "layers/builder.hpp"
#include "layers/weighted.hpp"

namespace sequential {

/// What positions do to the scores of queries and keys.
enum class Distances : std::uint8_t { none, relative, alibi, rotary };

struct Attention {
    std::int64_t heads = 1;
    bool causal = false, additive = false;
    Distances distances = Distances::none;
    std::int64_t window = 0;  /// how far a position sees in both directions; 0: everywhere
    double dropout = 0;       /// share of the maps' entries that are zeroed in training

    /// The same between two sequences, whose positions have nothing to do with each other.
    Attention across() const { return {.heads = heads, .additive = additive, .dropout = dropout}; }
};

struct AttentionWeights {
    Weights in, out;   /// [3 width, width], of queries, keys and values; [width, width]
    Parameter *score;  /// of additive scores, [heads, width of a head]
    Parameter *bias;   /// for each relative position, [heads, 2 length - 1]
    std::string name;  /// before the names of its sites
};

/// What a pipeline says of attention: fields of a layer.
class AttentionFields {
  public:
    explicit AttentionFields(spar::Record *owner);
    /// Refuses what does not fit vectors [length, dim].
    Attention over(const Shape &vectors) const;

  private:
    spar::Integer heads_;
    spar::Boolean causal_;
    spar::Choice score_, distances_;
    spar::Integer window_;
    spar::Number dropout_;
};

/// Adds the layer's parameters, with PyTorch's names behind `prefix`, for vectors [length, dim].
AttentionWeights add_attention_weights(Builder &builder, const std::string &prefix,
                                       const Attention &attention, const Shape &vectors);
/// Attention of a plain value [length, dim] to itself.
int attend(Builder &builder, int input, const Attention &attention,
           const AttentionWeights &weights);
/// Attention of a plain value [queries, dim] to another, [length, dim], of which padding is left
/// out: `builder.padding` is that of the other.
int attend_to(Builder &builder, int input, int other, const Attention &attention,
              const AttentionWeights &weights);

/// From queries, keys and values of all heads to what each query gathers from the values,
/// [queries, dim]. `from`: one value [length, 3 dim], or two: [queries, dim] and [length, 2 dim].
std::unique_ptr<Operation> make_heads(Builder &builder, std::vector<int> from, int result,
                                      const Attention &attention, const AttentionWeights &weights);
/// Queries and keys turned by their positions (Su et al. 2021). Values stay.
int rotate(Graph &graph, int input, std::int64_t heads);

}  // namespace sequential
