// From a checked pipeline to the typed plan, and the rules that a schema cannot express.
#pragma once

#include "base/json.hpp"
#include "plan/plan.hpp"

namespace spar::host {

class Checker;

/// `root` has passed the grammar and contains its defaults. Violations of rules between parts are
/// added to the checker's problems; effective threats are filled in.
Plan typed_plan(const Json &root, Checker &checker, PlanUse use);

}  // namespace spar::host
