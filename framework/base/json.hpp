// The host's JSON value, by name only; whoever looks into one includes <nlohmann/json.hpp>.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace spar::host {

/// Keeps the order of the text, so that what is printed reads like what was written.
using Json = nlohmann::ordered_json;

}  // namespace spar::host
