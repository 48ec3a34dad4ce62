#include "plugins/description.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

spar_component ComponentDescription::descriptor() const {
    spar_component component{};
    component.struct_size = sizeof component;
    component.kind = kind;
    component.flags = flags;
    component.type = type.c_str();
    component.summary = summary.c_str();
    component.formula = formula.c_str();
    component.reference = reference.c_str();
    component.schema = schema.c_str();
    component.example = example.c_str();
    return component;
}

PluginDescription describe(const spar_plugin &plugin) {
    PluginDescription description{plugin.name, plugin.version, {}};
    for (std::uint32_t i = 0; i < plugin.component_count; ++i) {
        const spar_component &c = *plugin.components[i];
        description.components.push_back(
            {c.kind, c.flags, c.type, c.summary, c.formula, c.reference, c.schema, c.example});
    }
    return description;
}

Json to_json(const PluginDescription &description) {
    Json components = Json::array();
    for (const ComponentDescription &c : description.components)
        components.push_back(
            {c.kind, c.flags, c.type, c.summary, c.formula, c.reference, c.schema, c.example});
    return {{"name", description.name},
            {"version", description.version},
            {"components", std::move(components)}};
}

PluginDescription description_from(const Json &json) {
    PluginDescription description{json.at("name"), json.at("version"), {}};
    for (const Json &c : json.at("components"))
        description.components.push_back(
            {c.at(0), c.at(1), c.at(2), c.at(3), c.at(4), c.at(5), c.at(6), c.at(7)});
    return description;
}

}  // namespace spar::host
