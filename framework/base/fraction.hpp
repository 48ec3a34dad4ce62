// Numbers as people write radii: "8/255".
#pragma once

#include <optional>
#include <string_view>

namespace spar::host {

/// The quotient of the two numbers of "a/b" in double precision; nothing if the text is not such a
/// fraction, b is not above 0, or the quotient is not a double.
std::optional<double> fraction(std::string_view text);

}  // namespace spar::host
