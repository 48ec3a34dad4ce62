// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace spar::host {

/// In this order: the folders given on the command line, those of SPAR_PLUGIN_PATH (separated by
/// colons), $XDG_DATA_HOME/spar/plugins (or ~/.local/share/spar/plugins), the installed folder, and
/// that of the build tree that contains the program. All absolute; they need not exist. Relative
/// entries of SPAR_PLUGIN_PATH, whose meaning would depend on the current folder, are left out.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path> &given);

/// Spar's own, which come with the program.
std::vector<std::filesystem::path> own_folders();

/// What is wrong with entries of SPAR_PLUGIN_PATH, one sentence each.
std::vector<std::string> search_faults();

/// The folder that an environment variable names, otherwise the default below the home folder;
/// empty if there is neither, or if the program runs with more rights than its caller.
std::filesystem::path user_folder(const char *variable, const char *below_home);

}  // namespace spar::host
