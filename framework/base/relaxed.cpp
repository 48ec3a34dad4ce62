#include "base/relaxed.hpp"

namespace spar::host {
namespace {

/// The place after the double-quoted text that begins at `at`.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

/// The place after the comment that begins at `at`; `at` if there is none.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with("//") && !rest.starts_with("/*")) return at;
    const std::size_t end = rest[1] == '/' ? rest.find_first_of("\r\n", 2) : rest.find("*/", 2);
    if (end == std::string_view::npos) return text.size();
    return at + end + (rest[1] == '/' ? 0 : 2);
}

}  // namespace

std::string without_trailing_commas(std::string_view text) {
    std::string out(text);
    constexpr std::size_t none = std::string::npos;
    std::size_t comma = none;  // a comma with nothing after it so far
    char before = '\0';        // the last character apart from white space and comments
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            ++at;
        } else if (const std::size_t end = end_of_comment(text, at); end > at) {
            at = end;
        } else {
            const bool behind_value = std::string_view("[{,:").find(before) == none && before != 0;
            if ((c == ']' || c == '}') && comma != none) out[comma] = ' ';
            comma = c == ',' && behind_value ? at : none;
            before = c;
            at = c == '"' ? end_of_quoted(text, at) : at + 1;
        }
    }
    return out;
}

}  // namespace spar::host
