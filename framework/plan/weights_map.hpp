// How a weights file names the model's parameters, as the pipeline says it; see
// weights/weight_map.hpp.
#pragma once

#include "base/json.hpp"

#include <string>
#include <utility>
#include <vector>

namespace spar::host {

class Checker;

struct WeightsMapPlan {
    std::string key = {}, prefix = {};
    std::vector<std::pair<std::string, std::string>> rename = {};
    std::vector<std::pair<std::string, std::vector<std::string>>> join = {};
    std::vector<std::string> initial = {}, first_rows = {}, ignore = {};
    bool strict = true;
};

/// Of a model's node, which has passed the grammar; empty if it has none.
WeightsMapPlan weights_map_of(const Json &model, Checker &checker);

}  // namespace spar::host
