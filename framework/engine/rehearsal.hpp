// What a pipeline's components say of it before any data is read: every one but the datasets is
// built, and every attack looks at its threat model.
#pragma once

#include "plan/plan.hpp"

#include <vector>

namespace spar::host {

/// What is wrong whatever the data may be. An attack is told to be so only where it refuses images,
/// vectors, classes and values alike. Nothing is thrown for what a component says.
std::vector<Problem> rehearse(const Plan &plan, const Registry &registry);

}  // namespace spar::host
