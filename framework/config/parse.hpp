// From text to JSON, stricter than the library: what it would let pass in silence is an error here.
#pragma once

#include "config/json.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace spar::host {

inline constexpr std::size_t deepest_nesting = 64;
inline constexpr std::uintmax_t largest_pipeline = 16U << 20;

/// Parses one JSON value. Throws PipelineError for malformed text (with line and column), duplicate
/// keys, nesting beyond 64 levels, integers beyond 64 bits, and numbers that a double cannot hold.
/// `name` is how messages call the text.
Json parse_json(std::string_view text, const std::string &name);

/// The bytes of a regular file of at most 16 MiB. Throws PipelineError.
std::string read_text(const std::filesystem::path &file);

}  // namespace spar::host
