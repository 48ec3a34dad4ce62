// A component and its parameters in a few words of a command line: pgd:steps=40,restarts=5.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>

namespace spar::host {

/// {"type": "pgd", "steps": 40, "restarts": 5}. Values are JSON, otherwise text; commas inside of
/// brackets, braces and quotes belong to a value. Whether there are such parameters is for the
/// check of the pipeline. Throws Failure(Exit::usage) naming `option`.
Json node_of_text(std::string_view text, const std::string &option);

}  // namespace spar::host
