// Walks over the schema of a component, alone or beside a value that it describes.
#pragma once

#include "text/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace spar::test {

/// Calls visit(name, schema) for every parameter that a schema declares, parts and lists included.
template <class Visit>
void for_each_property(const host::Json &schema, Visit &&visit) {
    if (!schema.is_structured()) return;
    if (schema.is_object() && schema.contains("properties") && schema["properties"].is_object())
        for (const auto &[name, property] : schema["properties"].items())
            if (property.is_object() && !property.contains("const")) visit(name, property);
    for (const auto &[key, below] : schema.items())
        if (key != "default") for_each_property(below, visit);
}

/// Calls visit(pointer, schema) for every parameter that a value holds. Components inside are left
/// to their own schemas.
template <class Visit>
void for_each_value(const host::Json &value, const host::Json &schema, const host::Json &root,
                    const std::string &pointer, Visit &&visit) {
    const host::Json &here = host::resolved(schema, root);
    if (here.contains("x-spar-kind")) return;
    if (here.contains("oneOf")) {
        for (const host::Json &choice : here["oneOf"]) {
            const host::Json &branch = host::resolved(choice, root);
            const auto type = host::Json::json_pointer("/properties/type/const");
            if (value.is_object() && branch.contains(type) &&
                branch[type] == value.value("type", ""))
                for_each_value(value, branch, root, pointer, visit);
        }
        return;
    }
    if (value.is_object() && here.contains("properties"))
        for (const auto &[name, below] : value.items()) {
            if (!here["properties"].contains(name)) continue;
            const host::Json &property = host::resolved(here["properties"][name], root);
            const std::string at = pointer + "/" + name;
            if (property.contains("const")) continue;
            visit(at, property);
            for_each_value(below, property, root, at, visit);
        }
    if (value.is_array() && !value.empty() && here.contains("items"))
        for (std::size_t i = 0; i < value.size(); ++i)
            for_each_value(value[i], here["items"], root, pointer + "/" + std::to_string(i), visit);
}

template <class Visit>
void for_each_value(const host::Json &value, const host::Json &schema, Visit &&visit) {
    for_each_value(value, schema, schema, "", visit);
}

}  // namespace spar::test
