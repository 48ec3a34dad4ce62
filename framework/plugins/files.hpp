// The files that could be plugins.
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
/// that no other user could have put there; Spar's own first. The owners of Spar's own folders are
/// not checked: a user who may write there can replace the program as well.
std::vector<std::filesystem::path> sound_files(std::vector<std::filesystem::path> folders,
                                               std::vector<Refusal> &refusals);

}  // namespace spar::host
