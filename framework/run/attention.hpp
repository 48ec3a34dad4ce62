// How far an attack moves the attention of a model: the total variation between the maps of the
// clean and the attacked example, 1/2 sum over keys |A - A'| in the row of a query, between 0 and
// 1; the mean over the queries that are no padding.
#pragma once

#include "engine/network.hpp"

namespace spar::host {

/// The maps of one layer.
struct AttentionMaps {
    std::string name;  /// of the site
    std::int32_t index, heads;
};

/// All of a network's. Throws Failure(Exit::pipeline) at `place` if it has none.
std::vector<AttentionMaps> attention_of(const Network &network, const std::string &place);
/// Of all maps together.
std::int64_t heads_of(const std::vector<AttentionMaps> &maps);

class AttentionMoves {
  public:
    /// Passes the points, and then the same with x_adv, through `space`.
    void measure(const Network &network, const std::vector<AttentionMaps> &maps, Space &space,
                 const Space::Points &clean, const float *x_adv);
    /// For a point: the movement of each head of each map.
    std::span<const float> of(std::int64_t point) const { return moves_[point]; }

  private:
    Matrix moves_;
    std::vector<FencedMatrix> before_, after_;
};

}  // namespace spar::host
