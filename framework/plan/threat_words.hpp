// The words that a pipeline, a plan and the results have for a threat model: each stands here
// alone.
#pragma once

#include "plan/plan.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace spar::host {

template <class T>
struct Word {
    const char *text;
    T value;
};

inline constexpr Word<spar_norm> norm_words[] = {
    {"linf", SPAR_NORM_LINF}, {"l2", SPAR_NORM_L2}, {"l1", SPAR_NORM_L1}};
inline constexpr Word<spar_space> space_words[] = {{"input", SPAR_SPACE_INPUT},
                                                   {"embedding", SPAR_SPACE_EMBEDDING},
                                                   {"parameter", SPAR_SPACE_PARAMETER}};
/// Target::one_class is a number in a pipeline.
inline constexpr Word<Target> target_words[] = {{"none", Target::none},
                                                {"random", Target::random},
                                                {"next", Target::next},
                                                {"least_likely", Target::least_likely}};

/// The value of a word that the grammar has let pass.
template <class T, std::size_t N>
T value_of(const Word<T> (&words)[N], std::string_view text) {
    return std::ranges::find_if(words, [&](const Word<T> &word) { return word.text == text; })
        ->value;
}

/// Null where there is no word for it.
template <class T, std::size_t N>
const char *word_of(const Word<T> (&words)[N], T value) {
    const auto found = std::ranges::find(words, value, &Word<T>::value);
    return found != std::end(words) ? found->text : nullptr;
}

}  // namespace spar::host
