#include "plan/weights_map.hpp"

#include "plan/check.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

WeightsMapPlan weights_map_of(const Json &model, Checker &checker) {
    WeightsMapPlan map;
    if (!model.contains("weights_map")) return map;
    if (!model.contains("weights"))
        checker.problem("/model/weights_map", "goes with \"weights\", and there are none");
    const Json &json = model.at("weights_map");
    const Json names = json.value("names", Json::object());
    for (const auto &[parameter, tensors] : names.items())
        map.names.emplace_back(
            parameter, tensors.is_array() ? tensors.get<std::vector<std::string>>()
                                          : std::vector<std::string>{tensors.get<std::string>()});
    map.initial = json.value("initial", map.initial);
    map.first_rows = json.value("first_rows", map.first_rows);
    map.ignore = json.value("ignore", map.ignore);
    return map;
}

}  // namespace spar::host
