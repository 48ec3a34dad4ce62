#include "config/words.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

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

/// Bytes of the UTF-8 sequence that starts here; 0 if it is none.
std::size_t sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    std::uint32_t point = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        point = point << 6 | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    return point < smallest[length] || point > 0x10FFFF || surrogate ? 0 : length;
}

/// Whether a valid text begins with a control character: C0, delete or C1.
bool control(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    return first < 0x20 || first == 0x7F ||
           (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
}

std::string escape(const char *format, unsigned code) {
    char text[8];
    std::snprintf(text, sizeof text, format, code);
    return text;
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
        const std::size_t length = sequence(text.substr(i));
        if (length == 0 || control(text.substr(i))) {
            const std::size_t bytes = std::max<std::size_t>(length, 1);
            for (const char byte : text.substr(i, bytes))
                out += escape("\\x%02x", static_cast<unsigned char>(byte));
            i += bytes;
        } else {
            out += text.substr(i, length);
            i += length;
        }
    }
    return out + (i < text.size() ? "..." : "");
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence(text);
        if (length == 0)
            out += escape("\\x%02x", static_cast<unsigned char>(text[0]));
        else if (text[0] == '\n' || text[0] == '\t' || !control(text))
            out += text.substr(0, length);
        else  // C1 is U+0080 to U+009F, whose second byte is its number
            out += escape("\\u%04x", static_cast<unsigned char>(text[length - 1]));
        text.remove_prefix(std::max<std::size_t>(length, 1));
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
