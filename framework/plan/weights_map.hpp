// How a weights file names the model's parameters, as the pipeline says it; see run/weight_map.hpp.
#pragma once

#include "base/json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace spar::host {

struct WeightsMapPlan {
    std::vector<std::pair<std::string, std::vector<std::string>>> names;
    std::vector<std::string> initial, first_rows, ignore;
};

/// Of a node that has passed the grammar.
WeightsMapPlan weights_map_of(const Json &json);

}  // namespace spar::host
