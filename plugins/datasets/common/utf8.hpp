// UTF-8: what is valid, and the valid text nearest to what is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace datasets {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// A piece of a text at its beginning.
struct Utf8Piece {
    std::size_t size;
    bool valid;  /// one whole character; otherwise as much as could begin one, at least a byte
};

/// By the table of well-formed byte sequences in the Unicode standard (3-7).
inline Utf8Piece utf8_piece(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return {1, true};
    if (first < 0xC2 || first > 0xF4) return {1, false};
    const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const unsigned least = first == 0xE0   ? 0xA0
                           : first == 0xF0 ? 0x90
                                           : 0x80,
                   most = first == 0xED   ? 0x9F
                          : first == 0xF4 ? 0x8F
                                          : 0xBF;
    for (std::size_t i = 1; i < size; ++i) {
        const unsigned low = i == 1 ? least : 0x80, high = i == 1 ? most : 0xBF;
        if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    }
    return {size, true};
}

/// The place of the first byte that is not valid UTF-8; the text's size if there is none.
inline std::size_t utf8_fault(std::string_view text) {
    std::size_t place = 0;
    while (place < text.size()) {
        const Utf8Piece piece = utf8_piece(text.substr(place));
        if (!piece.valid) break;
        place += piece.size;
    }
    return place;
}

/// With U+FFFD in place of every piece that is not valid, as browsers and Python do it.
inline std::string as_utf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const Utf8Piece piece = utf8_piece(text);
        valid += piece.valid ? text.substr(0, piece.size) : replacement;
        text.remove_prefix(piece.size);
    }
    return valid;
}

/// A code point.
inline void append_code(std::string &text, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else {
        if (code < 0x10000) {
            put(0xE0 | code >> 12);
        } else {
            put(0xF0 | code >> 18);
            put(0x80 | (code >> 12 & 0x3F));
        }
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

}  // namespace datasets
