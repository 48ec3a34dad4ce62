// The files in the folders that could be plugins.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace spar::host {

struct Refusal {
    std::filesystem::path path;
    std::string reason;  // continues "the file ..."
};

/// Whether this is one of the folders that come with the program.
bool is_own(const std::filesystem::path &folder);

/// Each file once, whatever names and links lead to it, and only those that could be plugins and
/// that nobody else could have put there; Spar's own first. Whoever may write to Spar's own folders
/// may write to the program as well: they are not looked at.
std::vector<std::filesystem::path> sound_files(std::vector<std::filesystem::path> folders,
                                               std::vector<Refusal> &refusals);

}  // namespace spar::host
