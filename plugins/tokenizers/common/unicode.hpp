// Characters: code points of Unicode, with the classes and mappings that tokenizers ask for.
#pragma once

#include <utf8proc.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokenizers {

using Code = std::int32_t;

/// A code point, and the bytes of the text that it is written with.
struct Character {
    Code code = 0;
    std::size_t begin = 0, end = 0;
};

/// The code point at `place`, which moves behind it. The host sees to it that texts are valid; a
/// byte that is not stands for U+FFFD.
inline Code next_code(std::string_view text, std::size_t &place) {
    Code code = 0xFFFD;
    const auto *bytes = reinterpret_cast<const utf8proc_uint8_t *>(text.data() + place);
    const auto size =
        utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - place), &code);
    place += size > 0 ? static_cast<std::size_t>(size) : 1;
    return size > 0 ? code : 0xFFFD;
}

inline std::vector<Character> characters_of(std::string_view text) {
    std::vector<Character> characters;
    characters.reserve(text.size());
    for (std::size_t place = 0; place < text.size();) {
        const std::size_t begin = place;
        const Code code = next_code(text, place);
        characters.push_back({code, begin, place});
    }
    return characters;
}

inline void append(std::string &text, Code code) {
    utf8proc_uint8_t bytes[4];
    const auto size = utf8proc_encode_char(code, bytes);
    text.append(reinterpret_cast<const char *>(bytes), static_cast<std::size_t>(size));
}

/// Whether a text is valid UTF-8 without a zero byte.
inline bool is_text(std::string_view text) {
    for (std::size_t place = 0; place < text.size();) {
        Code code = 0;
        const auto *bytes = reinterpret_cast<const utf8proc_uint8_t *>(text.data() + place);
        const auto size =
            utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - place), &code);
        if (size <= 0 || code == 0) return false;
        place += static_cast<std::size_t>(size);
    }
    return true;
}

inline utf8proc_category_t category(Code code) {
    return utf8proc_category(code);
}

/// Unicode's property White_Space.
inline bool is_space(Code code) {
    return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

/// As BERT has it: Unicode's categories P, and every mark of ASCII, "$" and "+" among them.
inline bool is_punctuation(Code code) {
    if (code < 0x80)
        return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) ||
               (code >= 91 && code <= 96) || (code >= 123 && code <= 126);
    const auto kind = category(code);
    return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

/// Calls use(code) for the lower case of a character, which is two code points for a capital I with
/// a dot.
template <class Use>
void lower(Code code, Use &&use) {
    if (code == 0x130) {
        use(Code{'i'});
        use(Code{0x307});
    } else {
        use(utf8proc_tolower(code));
    }
}

}  // namespace tokenizers
