// Four ways to misspell a word by one letter, as DeepWordBug does.
#pragma once

#include <spar/philox.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace misspell {

enum class Edit { swap, substitute, remove, insert };
inline constexpr Edit all[] = {Edit::swap, Edit::substitute, Edit::remove, Edit::insert};

inline const char *name(Edit edit) {
    constexpr const char *names[] = {"swap", "substitute", "delete", "insert"};
    return names[static_cast<std::size_t>(edit)];
}

/// The letters of a word; a letter of several bytes stays whole.
inline std::vector<std::string> letters_of(std::string_view word) {
    std::vector<std::string> letters;
    for (const char c : word) {
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        if (continues && !letters.empty())
            letters.back() += c;
        else
            letters.emplace_back(1, c);
    }
    return letters;
}

/// The word after one edit at a random place, always another word; as it was if it is too short, or
/// its letters are all alike where two are to be swapped.
inline std::string edited(const std::string &word, Edit edit, spar::Random random) {
    std::vector<std::string> letters = letters_of(word);
    random = random.part(static_cast<std::uint64_t>(edit));
    const auto one_of = [&](std::size_t places) {
        return random.below(0, static_cast<std::int64_t>(places));
    };
    const auto letter = [&](std::int64_t which) {
        return std::string(1, static_cast<char>('a' + which));
    };
    const bool one_letter = letters.size() < 2;
    switch (edit) {
        case Edit::swap: {
            std::vector<std::size_t> places;
            for (std::size_t i = 0; i + 1 < letters.size(); ++i)
                if (letters[i] != letters[i + 1]) places.push_back(i);
            if (places.empty()) return word;
            const std::size_t at = places[static_cast<std::size_t>(one_of(places.size()))];
            std::swap(letters[at], letters[at + 1]);
            break;
        }
        case Edit::substitute: {
            if (letters.empty()) return word;
            std::string &old = letters[static_cast<std::size_t>(one_of(letters.size()))];
            std::string other = letter(random.below(1, 25));
            if (other == old) other = "z";  // the one that is not drawn
            old = other;
            break;
        }
        case Edit::remove:
            if (one_letter) return word;
            letters.erase(letters.begin() + one_of(letters.size()));
            break;
        case Edit::insert:
            letters.insert(letters.begin() + one_of(letters.size() + 1),
                           letter(random.below(1, 26)));
            break;
    }
    std::string text;
    for (const std::string &one : letters) text += one;
    return text;
}

}  // namespace misspell
