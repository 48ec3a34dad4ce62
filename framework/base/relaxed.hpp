// Commas after the last element, which people write but JSON does not allow.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// The text with a space in place of each comma that follows a value and, apart from white space
/// and comments, precedes a closing bracket. Strings and comments are unchanged, and no byte moves.
std::string without_trailing_commas(std::string_view text);

}  // namespace spar::host
