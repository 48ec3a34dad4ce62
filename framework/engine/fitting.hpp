// What the parts of a plan ask of the data, checked once it is open.
#pragma once

#include "config/plan.hpp"
#include "engine/data.hpp"

namespace spar::host {

/// The threat model as components see it: without bounds of its own, the box is the data's.
/// Throws Failure(Exit::pipeline) where space, box or target do not go with the data.
spar_threat threat_for(const Threat &from, const Data &data);

/// Token 17 must be the same word in both. Sizes tell most pairs of vocabularies apart.
void require_one_vocabulary(const Data &train, const Data &test);

/// A loss that only works on labels needs classes, one on values needs values.
void require_targets(const Instance &loss, const Data &data);

}  // namespace spar::host
