// Forward declaration of the host's JSON value; code that uses one includes <nlohmann/json.hpp>.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace spar::host {

/// Keeps the order of the text, so that output reads like what was written.
using Json = nlohmann::ordered_json;

}  // namespace spar::host
