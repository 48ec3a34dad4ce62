// Bytes as text that JSON can hold.
#pragma once

#include <string>
#include <string_view>

namespace spar::host {

/// In base64 with padding (RFC 4648).
std::string to_base64(std::string_view bytes);

/// Throws std::runtime_error if the text is not base64.
std::string from_base64(std::string_view text);

}  // namespace spar::host
