// The lower case of a word, as Unicode has it and Python's str.lower() gives it.
#pragma once

#include "unicode.hpp"

#include <span>

namespace tokenizers {

/// Whether a capital sigma looks past a character for the letters around it: Unicode's
/// Case_Ignorable, but for a few signs that no word has.
inline bool is_passed_over(Code code) {
    switch (category(code)) {
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_SK:
            return true;
        default:
            return code == '\'' || code == '.' || code == ':' || code == 0xB7 || code == 0x2018 ||
                   code == 0x2019 || code == 0x2024 || code == 0x2027;
    }
}

inline bool is_cased(Code code) {
    const auto kind = category(code);
    return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
           kind == UTF8PROC_CATEGORY_LT || code == 0xAA || code == 0xBA;
}

/// Whether a capital sigma ends a word: a letter precedes it, and none follows.
inline bool is_final(std::span<const Character> word, std::size_t place) {
    std::size_t before = place, after = place + 1;
    while (before > 0 && is_passed_over(word[before - 1].code)) --before;
    while (after < word.size() && is_passed_over(word[after].code)) ++after;
    return before > 0 && is_cased(word[before - 1].code) &&
           !(after < word.size() && is_cased(word[after].code));
}

inline std::string lower_case(std::string_view word) {
    constexpr Code capital_sigma = 0x3A3, final_sigma = 0x3C2;
    std::string text;
    const std::vector<Character> characters = characters_of(word);
    for (std::size_t i = 0; i < characters.size(); ++i)
        if (characters[i].code == capital_sigma && is_final(characters, i))
            append(text, final_sigma);
        else
            lower(characters[i].code, [&](Code code) { append(text, code); });
    return text;
}

}  // namespace tokenizers
