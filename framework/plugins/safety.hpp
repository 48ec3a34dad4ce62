// Whether others than this user and root could have put a plugin where it lies.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

/// Why the files of a folder must not be loaded, in words that continue "the folder ..."; empty
/// where nothing speaks against it. A folder must belong to this user or to root, and nobody else
/// may write to it; what it lies in may be written to by all only where the sticky bit keeps them
/// from replacing it. Links are followed first: what they lead to counts.
std::string unsafe_folder(const std::filesystem::path &folder);

/// The same of one file and the folder it lies in, in words that continue "the file ...".
std::string unsafe_file(const std::filesystem::path &file);

}  // namespace spar::host
