// What the parts of a plan require of the data, checked once it is open.
#pragma once

#include "engine/data.hpp"
#include "plan/plan.hpp"

namespace spar::host {

/// The threat model as components see it: unless it has bounds, the box is the data's. Throws
/// Failure(Exit::pipeline) if space, box or target do not fit the data. `classes` are the model's.
spar_threat threat_for(const Threat &from, const Data &data, std::int64_t classes);

/// Requires examples of the same shape and kind, no class that the training set lacks, and the same
/// meaning of every token, class and value.
void require_same_kind(const Data &train, const Data &other);
/// The same without a look at labels and values, for unlabelled examples.
void require_same_examples(const Data &train, const Data &other);

/// Whether a loss needs neither reference outputs nor targets.
bool evaluated_alone(const spar_component_ref &loss);

/// Tries every loss in `root` (a loss or a component that contains some) on made-up outputs, with a
/// class or the first values of the data, so that a loss that does not fit the data or the model's
/// outputs is found before a training. Throws Failure(Exit::pipeline), at the loss.
void rehearse_losses(const Instance &root, const Data &data, std::int64_t outputs);

}  // namespace spar::host
