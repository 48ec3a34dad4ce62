// Trying plugins before they are taken. How is up to the program that holds the host: a command can
// try them in a child process first, so that one which ends the process, changes it, or never comes
// back harms nobody but the child (app/probe.hpp).
#pragma once

#include "plugins/description.hpp"

#include <spar/abi.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

struct Probed {
    std::string fault;  // why it must not be loaded here, in words; empty where it came up well
    std::optional<PluginDescription> description;  // of one that came up well
    const spar_plugin *loaded = nullptr;           // where it was loaded into this process
};

/// What became of every file. `meanwhile` is called once, where something else tries the first.
using Prober = std::function<std::vector<Probed>(const std::vector<std::filesystem::path> &files,
                                                 const spar_host *host,
                                                 const std::function<void()> &meanwhile)>;

/// Loads the files here and now: for who trusts them not to end the process.
std::vector<Probed> probe_here(const std::vector<std::filesystem::path> &files,
                               const spar_host *host, const std::function<void()> &meanwhile);

}  // namespace spar::host
