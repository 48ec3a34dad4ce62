// The words of a text as white space, and perhaps punctuation, divides them.
#pragma once

#include "unicode.hpp"

#include <spar/tokenizer.hpp>

namespace tokenizers {

using spar::WordSpan;

constexpr Code separator_code = SPAR_TEXT_SEPARATOR[0];

/// Calls word(span) and separator() in the order of the text.
template <class Word, class Separator>
void split(std::string_view text, bool punctuation_apart, Word &&word, Separator &&separator) {
    WordSpan open{};
    const auto close = [&] {
        if (open.end > open.begin) word(open);
        open = {};
    };
    for (std::size_t place = 0; place < text.size();) {
        const std::size_t begin = place;
        const Code code = next_code(text, place);
        const bool apart = punctuation_apart && is_punctuation(code);
        if (code == separator_code || is_space(code) || apart) close();
        if (code == separator_code)
            separator();
        else if (apart)
            word(WordSpan{begin, place});
        else if (!is_space(code))
            open = {open.end > open.begin ? open.begin : begin, place};
    }
    close();
}

inline std::vector<WordSpan> words_of(std::string_view text, bool punctuation_apart) {
    std::vector<WordSpan> words;
    split(
        text, punctuation_apart, [&](WordSpan word) { words.push_back(word); }, [] {});
    return words;
}

}  // namespace tokenizers
