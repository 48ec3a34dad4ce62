// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace spar::host {

/// In this order: the folders given on the command line, those of SPAR_PLUGIN_PATH (separated by
/// colons), $XDG_DATA_HOME/spar/plugins (or ~/.local/share/spar/plugins), the installed folder, and
/// that of the build tree the program stands in. All absolute; they need not exist. Relative
/// entries of SPAR_PLUGIN_PATH, which mean another folder wherever one stands, are left out.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path> &given);

/// Those of Spar itself, which come with the program.
std::vector<std::filesystem::path> own_folders();

/// What is wrong with the entries of SPAR_PLUGIN_PATH, a sentence each.
std::vector<std::string> search_faults();

/// The folder of a variable of the environment, else that below the home folder; empty where there
/// is neither, and for a program that runs with more rights than its caller.
std::filesystem::path user_folder(const char *variable, const char *below_home);

}  // namespace spar::host
