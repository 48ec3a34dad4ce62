// SHA-256 of files and texts, as lower-case hexadecimal.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spar::host {

/// Reads the file in blocks; throws std::runtime_error where it cannot be read.
std::string sha256_of_file(const std::filesystem::path &path);

std::string sha256_of(std::string_view bytes);

}  // namespace spar::host
