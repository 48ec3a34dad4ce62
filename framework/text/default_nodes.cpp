#include "text/default_nodes.hpp"

#include "base/problems.hpp"
#include "text/schema.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

void add(const Json &node, const Json &place, const std::string &pointer,
         std::vector<DefaultNode> &nodes) {
    if (!place.contains("x-spar-kind") || !node.is_object() || node.contains("plugin")) return;
    nodes.push_back(
        {pointer, place.at("x-spar-kind").get<std::string>(), node.at("type").get<std::string>()});
}

}  // namespace

std::vector<DefaultNode> default_nodes(const Json &schema) {
    std::vector<DefaultNode> nodes;
    const auto collect = [&](const Json &object, const std::string &pointer) {
        for (const auto &[name, property] : members(object, "properties").items()) {
            if (!property.contains("default")) continue;
            const Json &given = property.at("default"), &place = resolved(property, schema);
            const std::string here =
                child_pointer(child_pointer(pointer + "/properties", name), "default");
            add(given, place, here, nodes);
            if (!given.is_array() || !place.contains("items")) continue;
            for (std::size_t i = 0; i < given.size(); ++i)
                add(given[i], resolved(place.at("items"), schema), child_pointer(here, i), nodes);
        }
    };
    collect(schema, "");
    for (const auto &[name, definition] : members(schema, "definitions").items())
        collect(definition, child_pointer("/definitions", name));
    return nodes;
}

}  // namespace spar::host
