// Trying plugins in a child process first, so that one which ends the process, changes it, or never
// comes back harms nobody but the child.
#pragma once

#include "plugins/description.hpp"

#include <spar/abi.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

struct Probed {
    std::string fault;  // why it must not be loaded here, in words; empty where it came up well
    std::optional<PluginDescription> description;  // of one that came up well
};

/// What became of every file. The child is a fork of this process, so nothing else may be running
/// in it [main]. `meanwhile` is called once, while the first child is at work.
std::vector<Probed> probe(const std::vector<std::filesystem::path> &files, const spar_host *host,
                          const std::function<void()> &meanwhile,
                          std::chrono::milliseconds patience = std::chrono::seconds(10));

}  // namespace spar::host
