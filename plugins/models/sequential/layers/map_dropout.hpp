// Dropout on the maps of attention, as PyTorch's MultiheadAttention has it: in training, entries
// are zeroed at random and the others scaled up.
#pragma once

#include "graph/graph.hpp"
#include "kernels/kernels.hpp"

#include <spar/philox.hpp>

#include <algorithm>

namespace sequential {

/// The factors of all maps of a micro-batch. An entry's factor follows from the pass's key, the
/// example, the head and the two positions, whatever length the batch is cut to, and whatever
/// length it might have.
class MapDropout {
  public:
    /// `queries`: the greatest number; `padded`: likewise of keys, in whole blocks.
    MapDropout(Graph &graph, double probability, std::uint32_t ordinal, std::int64_t heads,
               std::int64_t queries, std::int64_t padded)
        : probability_(static_cast<float>(probability)), ordinal_(ordinal), heads_(heads) {
        const std::int64_t size = graph.width * heads * queries * padded;
        factors_ = graph.reserve(static_cast<std::size_t>(size) * sizeof(float));
    }

    /// The map of a row's head: [queries, padded], as many as there are now.
    struct Map {
        std::int64_t row, head, queries = 0, keys = 0, padded = 0;
    };

    /// Draws the factors of a map, and writes the map by them.
    void drop(const Batch &batch, const Map &at, const float *map, float *to) const {
        float *factors = this->factors(batch, at);
        const float scale = batch.drops ? 1.0F / (1.0F - probability_) : 1.0F;
        // The stream of spar::Random(key, id, ordinal).part(head).
        const std::uint64_t key = spar::mix_key(batch.key, static_cast<std::uint64_t>(at.head));
        const auto id = static_cast<std::uint64_t>(batch.ids != nullptr ? batch.ids[at.row] : 0);
        for (std::int64_t i = 0; i < at.queries; ++i) {
            float *line = factors + i * at.padded;
            std::fill_n(line, at.padded, scale);
            constexpr std::int64_t most_keys = 1 << 16;  // apart, whatever lengths there may be
            if (batch.drops)
                kernels().keep_factors({key, id, ordinal_, i * most_keys}, probability_, scale,
                                       at.keys, line);
            // Nothing goes through padding and masked pairs.
            for (std::int64_t j = 0; j < at.padded; ++j)
                if (j >= at.keys || map[i * at.padded + j] == 0) line[j] = 0;
        }
        again(batch, at, map, to);
    }
    /// The same by the factors that were drawn, for a map or its gradient; `to` may be `map`.
    void again(const Batch &batch, const Map &at, const float *map, float *to) const {
        const float *factors = this->factors(batch, at);
        kernels().multiply_by(factors, map, to, at.queries * at.padded);
    }

  private:
    float *factors(const Batch &batch, const Map &at) const {
        return batch.frame->extra<float>(factors_) +
               (at.row * heads_ + at.head) * at.queries * at.padded;
    }

    float probability_;
    std::uint32_t ordinal_;
    std::int64_t heads_;
    std::size_t factors_ = 0;
};

}  // namespace sequential
