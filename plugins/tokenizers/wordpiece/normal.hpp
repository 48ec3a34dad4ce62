// BERT's idea of a text: what it leaves out, what it takes apart, and what it spells otherwise.
#pragma once

#include "../common/split.hpp"

namespace wordpiece {

using tokenizers::Code, tokenizers::category, tokenizers::WordSpan;

struct Rules {
    bool lower_case = true, strip_accents = true;
    bool chinese = true;  /// each ideograph is a word
};

/// Neither control characters nor invisible ones are part of BERT's texts; a tab and a line end are
/// white space, other control characters are not.
inline bool is_left_out(Code code) {
    if (code == '\t' || code == '\n' || code == '\r') return false;
    const auto kind = category(code);
    return code == 0xFFFD || kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF ||
           kind == UTF8PROC_CATEGORY_CO || kind == UTF8PROC_CATEGORY_CS;
}

/// Ideographs, in the blocks that BERT lists; Kana and Hangul are not among them.
inline bool is_chinese(Code code) {
    const auto in = [code](Code first, Code last) { return code >= first && code <= last; };
    return in(0x4E00, 0x9FFF) || in(0x3400, 0x4DBF) || in(0x20000, 0x2A6DF) ||
           in(0x2A700, 0x2B73F) || in(0x2B740, 0x2B81F) || in(0x2B820, 0x2CEAF) ||
           in(0xF900, 0xFAFF) || in(0x2F800, 0x2FA1F);
}

/// Calls use(code) for what is left of a character: with strip_accents its canonical parts (NFD)
/// without marks (category Mn).
template <class Use>
void spell(Code code, const Rules &rules, Use &&use) {
    const auto cased = [&](Code part) {
        if (rules.lower_case)
            tokenizers::lower(part, use);
        else
            use(part);
    };
    if (!rules.strip_accents || code < 0x80) return cased(code);
    constexpr utf8proc_ssize_t most = 32;  // no character has more than four parts
    Code parts[most];
    int boundary = 0;
    const auto count = utf8proc_decompose_char(code, parts, most, UTF8PROC_DECOMPOSE, &boundary);
    if (count < 0 || count > most) return cased(code);
    for (utf8proc_ssize_t i = 0; i < count; ++i)
        if (category(parts[i]) != UTF8PROC_CATEGORY_MN) cased(parts[i]);
}

/// A word as BERT spells it, perhaps with no letters at all, and where the text has it.
struct Word {
    WordSpan span{};
    std::vector<Code> letters;
};

/// Marks that stay (category Mc) in canonical order.
inline void order_marks(std::vector<Code> &letters) {
    const auto rank = [](Code code) { return utf8proc_get_property(code)->combining_class; };
    for (auto begin = letters.begin(); begin != letters.end(); ++begin) {
        if (rank(*begin) == 0) continue;
        const auto end =
            std::find_if(begin, letters.end(), [&](Code code) { return rank(code) == 0; });
        std::stable_sort(begin, end, [&](Code a, Code b) { return rank(a) < rank(b); });
        begin = end - 1;
    }
}

/// Calls word(Word) and separator() in the order of the text. Characters that are left out belong
/// to the word before them if nothing parts them from it, otherwise to the one after, and are a
/// word without letters where white space surrounds them.
template <class Use, class Separator>
void divide(std::string_view text, const Rules &rules, Use &&word, Separator &&separator) {
    Word open;
    bool complete = false;  // a mark or an ideograph, which takes no more letters
    const auto close = [&] {
        if (open.span.end > open.span.begin) {
            if (rules.strip_accents) order_marks(open.letters);
            word(open);
        }
        open.span = {};
        open.letters.clear();
        complete = false;
    };
    for (std::size_t place = 0; place < text.size();) {
        const std::size_t begin = place;
        const Code code = tokenizers::next_code(text, place);
        if (code == tokenizers::separator_code) {
            close();
            separator();
            continue;
        }
        const bool out = is_left_out(code);
        if (!out && tokenizers::is_space(code)) {
            close();
            continue;
        }
        const auto extend = [&] {
            if (open.span.end == open.span.begin) open.span.begin = begin;
            open.span.end = place;
        };
        if (!out)
            spell(code, rules, [&](Code letter) {
                const bool apart =
                    tokenizers::is_punctuation(letter) || (rules.chinese && is_chinese(code));
                if (complete || (apart && !open.letters.empty())) close();
                extend();
                open.letters.push_back(letter);
                complete = apart;
            });
        extend();
    }
    close();
}

}  // namespace wordpiece
