// What the parts of a plan ask of the data, checked once it is open.
#pragma once

#include "engine/data.hpp"
#include "plan/plan.hpp"

namespace spar::host {

/// The threat model as components see it: without bounds of its own, the box is the data's.
/// Throws Failure(Exit::pipeline) where space, box or target do not go with the data.
/// `classes` are the model's.
spar_threat threat_for(const Threat &from, const Data &data, std::int64_t classes);

/// Examples of one shape and kind, no class that the training set does not know, and every token,
/// class and value of the same meaning.
void require_same_kind(const Data &train, const Data &other);

/// Whether a loss needs neither outputs elsewhere nor targets.
bool evaluated_alone(const spar_component_ref &loss);

/// Tries every loss in `root`, a loss or what holds some, on made-up outputs: for a class, or for
/// the first values of the data. So what goes with neither the data nor the model's outputs is
/// known before a training. Throws Failure(Exit::pipeline), at the loss.
void rehearse_losses(const Instance &root, const Data &data, std::int64_t outputs);

}  // namespace spar::host
