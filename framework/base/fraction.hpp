// Numbers as people write radii: "8/255".
#pragma once

#include <optional>
#include <string_view>

namespace spar::host {

/// The quotient of the two numbers of "a/b" in double precision; nothing where the text is no such
/// fraction, b is not above 0, or the quotient is no double.
std::optional<double> fraction(std::string_view text);

}  // namespace spar::host
