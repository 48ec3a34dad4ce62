// The sites of a graph in the terms of the contract (spar_sites).
#pragma once

#include "graph/graph.hpp"

#include <vector>

namespace sequential {

/// At the length that the graph has.
void describe_site(const Graph &graph, std::int64_t index, spar_site &site);
/// Writes which values have an effect, for the texts of a mask, or for one example of values if it
/// is null.
void mark_site(Graph &graph, std::int64_t index, const DLTensor *mask, float *out);

/// What a pass does at sites, by their number.
class SiteUses {
  public:
    /// Refuses sites that do not exist, come twice, or cannot be perturbed.
    SiteUses(const Graph &graph, const spar_site_use *uses, std::int64_t count);
    /// Refuses what the pass does not offer.
    void check(const spar_pass &pass) const;
    /// Refuses what a way back through a tape does not offer.
    void check_way_back() const;

    const SiteUse *data() const { return uses_.data(); }

  private:
    std::vector<SiteUse> uses_;
};

}  // namespace sequential
