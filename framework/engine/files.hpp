// Files that are whole or not there: written beside their place, then renamed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spar::host {

/// Throws Failure(Exit::storage) naming the file when it cannot be written.
void write_file(const std::filesystem::path &path, std::string_view content);

/// The file's bytes; throws Failure(Exit::data) when it cannot be read or exceeds `limit` bytes.
std::string read_file(const std::filesystem::path &path, std::uintmax_t limit);

}  // namespace spar::host
