#include "base/words.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace spar::host {
namespace {

constexpr std::size_t longest_name = 64;

std::size_t edit_distance(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> before(width), above(width), row(width);
    for (std::size_t j = 0; j < width; ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j < width; ++j) {
            const std::size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(above);
        above.swap(row);
    }
    return above[b.size()];
}

/// The code point of a sequence of `length` bytes.
std::uint32_t point_of(std::string_view text, std::size_t length) {
    const auto first = static_cast<unsigned char>(text[0]);
    std::uint32_t point = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
        point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return point;
}

/// The length in bytes of the UTF-8 sequence that starts here; 0 if invalid.
std::size_t sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    const std::uint32_t point = point_of(text, length);
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < smallest[length] || point > 0x10FFFF || surrogate ? 0 : length;
}

/// Characters that control a terminal instead of being shown: C0, delete and C1, line and paragraph
/// separators, and changes of text direction.
bool control(std::uint32_t point) {
    return point < 0x20 || (point >= 0x7F && point < 0xA0) ||
           (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

std::string escape(const char *format, unsigned code) {
    char text[8];
    std::snprintf(text, sizeof text, format, code);
    return text;
}

/// The first character of a text as displayed, and how many bytes of the text it takes.
std::pair<std::string, std::size_t> shown(std::string_view text, std::string_view kept) {
    const std::size_t length = sequence(text);
    if (length == 0) return {escape("\\x%02x", static_cast<unsigned char>(text[0])), 1};
    const std::uint32_t point = point_of(text, length);
    if (!control(point) || kept.find(text[0]) != std::string_view::npos)
        return {std::string(text.substr(0, length)), length};
    return {escape("\\u%04x", point), length};
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string> &known) {
    if (word.empty() || word.size() > longest_name) return {};
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string found;
    for (const std::string &name : known) {
        if (name.size() > longest_name) continue;
        const std::size_t distance = edit_distance(word, name);
        if (distance < best) {
            best = distance;
            found = name;
        }
    }
    return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string> &known) {
    const std::string name = nearest(word, known);
    return name.empty() ? "" : "did you mean \"" + name + "\"?";
}

std::string listed(const std::vector<std::string> &names, std::size_t most) {
    if (names.empty()) return "none";
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i == most) return text + ", ... (" + std::to_string(names.size()) + " in all)";
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return text;
}

std::string escaped(std::string_view text, std::size_t most) {
    std::string out;
    std::size_t i = 0;
    while (i < text.size() && i < most) {
        const auto [character, bytes] = shown(text.substr(i), "");
        out += character;
        i += bytes;
    }
    return out + (i < text.size() ? "..." : "");
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto [character, bytes] = shown(text, "\n\t");
        out += character;
        text.remove_prefix(bytes);
    }
    return out;
}

std::string quote(std::string_view text, std::size_t most) {
    return "\"" + escaped(text, most) + "\"";
}

bool valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace spar::host
