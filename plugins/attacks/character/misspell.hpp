// Four ways to misspell a word by one letter, as DeepWordBug does.
#pragma once

#include <spar/philox.hpp>

#include <string>
#include <string_view>
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

/// The word after one edit at a random place; as it was if it is too short for it.
inline std::string edited(const std::string &word, Edit edit, spar::Random random) {
    std::vector<std::string> letters = letters_of(word);
    const auto size = static_cast<std::int64_t>(letters.size());
    random = random.part(static_cast<std::uint64_t>(edit));
    const std::string letter(1, static_cast<char>('a' + random.below(1, 26)));
    const auto place = [&](std::int64_t places) {
        return letters.begin() + random.below(0, places);
    };
    if (size < 2 && edit != Edit::insert && edit != Edit::substitute) return word;
    switch (edit) {
        case Edit::swap: {
            const auto at = place(size - 1);
            std::swap(at[0], at[1]);
            break;
        }
        case Edit::substitute:
            *place(size) = letter;
            break;
        case Edit::remove:
            letters.erase(place(size));
            break;
        case Edit::insert:
            letters.insert(place(size + 1), letter);
            break;
    }
    std::string text;
    for (const std::string &one : letters) text += one;
    return text;
}

}  // namespace misspell
