// Opening one plugin: the library is loaded and its entry called, in this process.
#pragma once

#include <spar/abi.h>

#include <filesystem>
#include <stdexcept>

namespace spar::host {

/// Why a plugin is refused, in words that continue "the file ...".
struct PluginFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Loads the library (at once, with its symbols to itself, for ever) and asks its entry what it
/// holds; the answer has been validated. Throws PluginFault, also for a C++ exception out of the
/// entry and for a library that changes the floating-point mode, which is set back. `path` is
/// absolute.
const spar_plugin *open_plugin(const std::filesystem::path &path, const spar_host *host);

}  // namespace spar::host
