// The threat models of a pipeline, its own and those that attacks change.
#pragma once

#include "base/json.hpp"
#include "plan/plan.hpp"

#include <optional>
#include <string>

namespace spar::host {

class Checker;

/// From `json`, which has passed the grammar, contains its defaults and is at `pointer`. Violations
/// that a schema cannot express are added to the checker's problems.
Threat threat_of(const Json &json, const std::string &pointer, Checker &checker);

/// The pipeline's threat with an attack's own changes, complete and checked; none if it is invalid.
std::optional<Threat> changed_threat(const Json &root, const Json &changes,
                                     const std::string &pointer, Checker &checker);

}  // namespace spar::host
