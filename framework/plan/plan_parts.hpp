// From a checked pipeline to the typed plan, and the rules that no schema can say.
#pragma once

#include "base/json.hpp"
#include "plan/plan.hpp"

namespace spar::host {

class Checker;

/// `root` has passed the grammar and has its defaults. Breaches of the rules between the parts go
/// to the checker's problems; effective threats are filled in.
Plan typed_plan(const Json &root, Checker &checker);

}  // namespace spar::host
