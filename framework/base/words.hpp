// Words for messages: the nearest known name to a mistyped one, and lists of names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// The known name that was probably meant: the one with the smallest edit distance (insert, delete,
/// replace, swap of neighbours), if that is small for the word's length. Empty if none is close.
std::string nearest(std::string_view word, const std::vector<std::string> &known);

/// "did you mean \"eps\"?" or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string> &known);

/// "a, b, c", or "none"; after `most` names "..." and the total number.
std::string listed(const std::vector<std::string> &names, std::size_t most = 40);

/// Text from a file for use in a message: at most `most` bytes, with control characters and invalid
/// UTF-8 escaped.
std::string escaped(std::string_view text, std::size_t most = 80);

/// A whole text made safe for a terminal: line ends and tabs stay, every other control character is
/// escaped (as \u001b, which JSON reads as the same character), and so are bytes that are not UTF-8
/// (as \xff).
std::string printable(std::string_view text);

/// The same in quotes.
std::string quote(std::string_view text, std::size_t most = 80);

/// Whether the bytes are UTF-8.
bool valid_utf8(std::string_view text);

}  // namespace spar::host
