// Whether users other than this one and root could have put a plugin in its place.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

/// Why the files of a folder must not be loaded, phrased to continue "the folder ..."; empty if
/// they may. A folder must belong to this user or to root, and no others may write to it; its
/// parents may be writable by all only with the sticky bit, which keeps others from replacing it.
/// Links are followed first: their target counts.
std::string unsafe_folder(const std::filesystem::path &folder);

/// The same for one file and its folder, phrased to continue "the file ...".
std::string unsafe_file(const std::filesystem::path &file);

}  // namespace spar::host
