// The components in the defaults of a component's parameters.
#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace spar::host {

struct DefaultNode {
    std::string pointer;  /// in the schema: "/properties/attack/default"
    std::string kind, type;
};

/// Those of a well-formed schema. A default that names its plugin's file is left out.
std::vector<DefaultNode> default_nodes(const Json &schema);

}  // namespace spar::host
