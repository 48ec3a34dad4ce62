// A plugin's description of itself in the host's own memory, as sent by the child process that
// tried the plugin, and as cached.
#pragma once

#include "base/json.hpp"

#include <spar/abi.h>

#include <string>
#include <vector>

namespace spar::host {

struct ComponentDescription {
    spar_kind kind;
    spar_component_flags flags;
    std::string type, summary, formula, reference, schema, example;

    bool operator==(const ComponentDescription &) const = default;
    /// The same as a descriptor without functions; its texts are this description's.
    spar_component descriptor() const;
};

struct PluginDescription {
    std::string name, version;
    std::vector<ComponentDescription> components;

    bool operator==(const PluginDescription &) const = default;
};

/// From an answer that has been checked.
PluginDescription describe(const spar_plugin &plugin);

Json to_json(const PluginDescription &description);
/// Throws nlohmann::json::exception if it is malformed.
PluginDescription description_from(const Json &json);

}  // namespace spar::host
