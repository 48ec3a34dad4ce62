#include "base/paragraph.hpp"

#include <algorithm>

namespace spar::host {
namespace {

/// The number of characters of a UTF-8 text.
std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string paragraph(std::string_view first, std::size_t indent, std::string_view text,
                      std::size_t width) {
    std::string out, line(first);
    const std::string margin(indent, ' ');
    bool fresh = true;  // the line holds no word yet
    const auto end_line = [&] {
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
        line = margin;
        fresh = true;
    };
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        const bool full = width > 0 && length(line) + (fresh ? 0 : 1) + length(word) > width;
        if (full && !fresh) end_line();
        if (!word.empty() || !fresh) line += (fresh ? "" : " ") + std::string(word);
        fresh = fresh && word.empty();
        if (end < text.size() && text[end] == '\n') end_line();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    end_line();
    return out;
}

}  // namespace spar::host
