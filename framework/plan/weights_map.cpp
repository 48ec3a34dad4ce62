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
    map.key = json.value("key", "");
    map.prefix = json.value("prefix", "");
    const auto members = [&](const char *name) { return json.value(name, Json::object()); };
    const Json rename = members("rename"), join = members("join");
    for (const auto &[tensor, parameter] : rename.items())
        map.rename.emplace_back(tensor, parameter.get<std::string>());
    for (const auto &[parameter, tensors] : join.items())
        map.join.emplace_back(parameter, tensors.get<std::vector<std::string>>());
    map.initial = json.value("initial", map.initial);
    map.first_rows = json.value("first_rows", map.first_rows);
    map.ignore = json.value("ignore", map.ignore);
    map.strict = json.value("strict", map.strict);
    return map;
}

}  // namespace spar::host
