// The words that a pipeline, a plan and the results have for a threat model, and for the precision
// of attacks in training: this is the only place that lists them. A value that is not listed is an
// error everywhere.
#pragma once

#include "plan/plan.hpp"

#include <spar/norms.hpp>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace spar::host {

template <class T>
struct Word {
    const char *text;
    T value;
};

template <class List>
struct NormWords;
template <class... Norm>
struct NormWords<norms::List<Norm...>> {
    static constexpr Word<spar_norm> all[] = {{Norm::word, Norm::value}...};
};
/// The norms name themselves, see spar/norms.hpp.
inline constexpr auto &norm_words = NormWords<norms::All>::all;
inline constexpr Word<spar_space> space_words[] = {{"input", SPAR_SPACE_INPUT},
                                                   {"embedding", SPAR_SPACE_EMBEDDING},
                                                   {"parameter", SPAR_SPACE_PARAMETER},
                                                   {"tokens", SPAR_SPACE_TOKENS},
                                                   {"site", SPAR_SPACE_SITE}};
inline constexpr Word<spar_group> group_words[] = {{"none", SPAR_GROUP_NONE},
                                                   {"pixel", SPAR_GROUP_PIXEL},
                                                   {"token", SPAR_GROUP_TOKEN},
                                                   {"word", SPAR_GROUP_WORD}};
/// Target::one_class is a number in a pipeline.
inline constexpr Word<Target> target_words[] = {{"none", Target::none},
                                                {"random", Target::random},
                                                {"next", Target::next},
                                                {"least_likely", Target::least_likely}};
inline constexpr Word<Precision> precision_words[] = {{"f32", Precision::f32},
                                                      {"bf16", Precision::bf16}};

/// The value of a word. The grammar, which is filled from these tables, admits no others.
template <class T, std::size_t N>
T value_of(const Word<T> (&words)[N], std::string_view text) {
    for (const Word<T> &word : words)
        if (word.text == text) return word.value;
    throw std::logic_error("no value is called \"" + std::string(text) + "\"");
}

template <class T, std::size_t N>
const char *word_of(const Word<T> (&words)[N], T value) {
    for (const Word<T> &word : words)
        if (word.value == value) return word.text;
    throw std::logic_error("there is no word for the value " +
                           std::to_string(static_cast<int>(value)));
}

}  // namespace spar::host
