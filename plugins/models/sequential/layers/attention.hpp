// Multi-head self-attention, as a layer and as a part of others.
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
};

/// Adds the layer's parameters, with PyTorch's names behind `prefix`, for vectors [length, dim].
AttentionWeights add_attention_weights(Builder &builder, const std::string &prefix,
                                       const Attention &attention, const Shape &vectors);
/// From plain vectors [length, dim] to others.
int attend(Builder &builder, int input, const Attention &attention,
           const AttentionWeights &weights);

/// From queries, keys and values of all heads, [length, 3 dim], to what each position gathers from
/// the values, [length, dim].
std::unique_ptr<Operation> make_heads(Graph &graph, int input, int result, const Padding &padding,
                                      const Attention &attention, const AttentionWeights &weights);
/// Queries and keys turned by their positions (Su et al. 2021). Values stay.
int rotate(Graph &graph, int input, std::int64_t heads);

}  // namespace sequential
