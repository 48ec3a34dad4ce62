// From text to JSON, stricter than the library: what it would let pass in silence is an error here.
#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace spar::host {

inline constexpr std::size_t deepest_nesting = 64;
inline constexpr std::uintmax_t largest_pipeline = 16U << 20;

/// Parses one JSON value. Comments (// and /* */) and a comma behind the last element are passed
/// over. Throws PipelineError for malformed text (with line and column), duplicate
/// keys, nesting beyond 64 levels, integers beyond 64 bits, and numbers that a double cannot hold.
/// `name` is how messages call the text.
Json parse_json(std::string_view text, const std::string &name);

/// How the command line calls standard input.
inline constexpr const char *standard_input = "-";

/// The bytes of a regular file or a pipe, at most 16 MiB; "-" and /dev/stdin are standard input,
/// whatever that is. Throws PipelineError.
std::string read_text(const std::filesystem::path &file);

/// What paths in a pipeline are relative to: the folder of its file, the current one where the
/// pipeline comes through a pipe.
std::filesystem::path folder_of(const std::filesystem::path &file);

}  // namespace spar::host
