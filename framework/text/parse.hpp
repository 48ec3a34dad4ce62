// From text to JSON, more strictly than the library: what that accepts silently is an error here.
#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace spar::host {

inline constexpr std::size_t deepest_nesting = 64;
inline constexpr std::uintmax_t largest_pipeline = 16U << 20;

/// Parses one JSON value. Comments (// and /* */) and a comma after the last element are ignored.
/// Throws PipelineError for malformed text (with line and column), duplicate keys, nesting beyond
/// 64 levels, integers beyond 64 bits, and numbers that a double cannot hold. Messages call the
/// text `name`.
Json parse_json(std::string_view text, const std::string &name);

/// The name of standard input on the command line.
inline constexpr const char *standard_input = "-";

/// The bytes of a regular file or a pipe, at most 16 MiB; "-" and /dev/stdin are standard input,
/// of any kind. Throws PipelineError.
std::string read_text(const std::filesystem::path &file);

/// The folder to which paths in a pipeline are relative: that of its file, or the current one if
/// the pipeline comes through a pipe.
std::filesystem::path folder_of(const std::filesystem::path &file);

}  // namespace spar::host
