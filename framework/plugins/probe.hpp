// Trying plugins before they are used. The embedder decides how: a command tries them in a child
// process first, so that a plugin that ends the process, changes it or hangs harms only the child
// (app/probe.hpp).
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
    std::string fault;  // why it must not be loaded here, in words; empty on success
    std::optional<PluginDescription> description;  // on success
    const spar_plugin *loaded = nullptr;           // if it was loaded into this process
};

/// The result for every file. `meanwhile` is called once, while another process tries the first.
using Prober = std::function<std::vector<Probed>(const std::vector<std::filesystem::path> &files,
                                                 const spar_host *host,
                                                 const std::function<void()> &meanwhile)>;

/// Loads the files into this process: for embedders that trust them not to end it.
std::vector<Probed> probe_here(const std::vector<std::filesystem::path> &files,
                               const spar_host *host, const std::function<void()> &meanwhile);

}  // namespace spar::host
