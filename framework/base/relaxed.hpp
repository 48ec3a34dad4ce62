// What people write in JSON and JSON does not know: a comma behind the last element.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// The text with a space for each comma that follows a value and precedes, but for white space and
/// comments, a closing bracket. Texts and comments stay as they are, and every byte its place.
std::string without_trailing_commas(std::string_view text);

}  // namespace spar::host
