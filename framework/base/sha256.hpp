// SHA-256 of files and texts, as lower-case hexadecimal.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace spar::host {

/// Reads the file in blocks and calls `between`, which may throw, before each; throws
/// std::runtime_error if the file cannot be read.
std::string sha256_of_file(
    const std::filesystem::path &path, const std::function<void()> &between = [] {});

std::string sha256_of(std::string_view bytes);

}  // namespace spar::host
