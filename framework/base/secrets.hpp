// Values that a pipeline takes from the environment as ${secret:NAME}: components get them, but no
// file, message or name of a file shows them.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>

namespace spar::host {

/// Shorter ones would be guessed, and found in every other text.
inline constexpr std::size_t shortest_secret = 4;

/// From now on `value`, of at least shortest_secret bytes, is written "${secret:name}".
void keep_secret(const std::string &name, const std::string &value);

/// The text, and every text in a JSON value, with the names of secrets in place of their values.
std::string without_secrets(std::string_view text);
Json json_without_secrets(const Json &json);

}  // namespace spar::host
