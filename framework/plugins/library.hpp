// Opening one plugin: loads the library and calls its entry, in this process.
#pragma once

#include <spar/abi.h>

#include <filesystem>
#include <stdexcept>

namespace spar::host {

/// Why a plugin is refused, phrased to continue "the file ...".
struct PluginFault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Loads the library (all symbols resolved at once, none shared, never unloaded) and calls its
/// entry; the answer is validated. Throws PluginFault, also for a C++ exception from the entry and
/// for a library that changes the floating-point mode, which is restored. `path` is absolute.
const spar_plugin *open_plugin(const std::filesystem::path &path, const spar_host *host);

}  // namespace spar::host
