// Values that a pipeline takes from the environment as ${secret:NAME}: components get them, but no
// file, file name or message shows them.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>

namespace spar::host {

/// Shorter ones could be guessed, and would match unrelated text.
inline constexpr std::size_t shortest_secret = 4;

/// From now on `value`, of at least shortest_secret bytes, is shown as "${secret:name}".
void keep_secret(const std::string &name, const std::string &value);

/// The text, or every string in a JSON value, with secrets replaced by their names.
std::string without_secrets(std::string_view text);
Json json_without_secrets(const Json &json);

}  // namespace spar::host
