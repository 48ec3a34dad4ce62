// What a pipeline's components object to before any data is read: all but the datasets are built,
// and every attack checks its threat model.
#pragma once

#include "plan/plan.hpp"

#include <vector>

namespace spar::host {

/// What is wrong whatever the data may be. An attack is reported only if it refuses images,
/// vectors, classes and values alike. A component's objections are returned, not thrown.
std::vector<Problem> rehearse(const Plan &plan, const Registry &registry);

}  // namespace spar::host
