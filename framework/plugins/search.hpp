// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <vector>

namespace spar::host {

/// In this order: the folders given on the command line, those of SPAR_PLUGIN_PATH (separated by
/// colons), $XDG_DATA_HOME/spar/plugins (or ~/.local/share/spar/plugins), the installed folder, and
/// that of the build tree the program stands in. All absolute; they need not exist.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path> &given);

}  // namespace spar::host
