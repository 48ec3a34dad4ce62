// Numbers as stored in files: their type, byte order and meaning.
#pragma once

#include <spar/kit/half.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace datasets {

struct Element {
    enum Kind : std::uint8_t { Unsigned, Signed, Float } kind;
    int size;  /// bytes: 1, 2, 4 or 8
    bool big_endian;

    bool integer() const { return kind != Float; }
    bool byte() const { return kind == Unsigned && size == 1; }
    bool half() const { return kind == Float && size == 2; }
};

template <class Word>
Word load_word(const std::uint8_t *at, bool big_endian) {
    Word word = 0;
    for (std::size_t i = 0; i < sizeof(Word); ++i) {
        const std::size_t place = big_endian ? sizeof(Word) - 1 - i : i;
        word = static_cast<Word>(word | static_cast<Word>(Word{at[i]} << (8 * place)));
    }
    return word;
}

inline std::uint64_t load_bits(const std::uint8_t *at, const Element &type) {
    switch (type.size) {
        case 1:
            return *at;
        case 2:
            return load_word<std::uint16_t>(at, type.big_endian);
        case 4:
            return load_word<std::uint32_t>(at, type.big_endian);
        default:
            return load_word<std::uint64_t>(at, type.big_endian);
    }
}

/// An integer element; unsigned values from 2^63 on become negative.
inline std::int64_t load_integer(const std::uint8_t *at, const Element &type) {
    const std::uint64_t bits = load_bits(at, type);
    const int unused = 64 - 8 * type.size;
    if (type.kind == Element::Unsigned) return static_cast<std::int64_t>(bits);
    return static_cast<std::int64_t>(bits << unused) >> unused;
}

inline double load_number(const std::uint8_t *at, const Element &type) {
    if (type.kind == Element::Unsigned) return static_cast<double>(load_bits(at, type));
    if (type.kind == Element::Signed) return static_cast<double>(load_integer(at, type));
    const std::uint64_t bits = load_bits(at, type);
    if (type.size == 2) return spar::from_half(static_cast<std::uint16_t>(bits));
    if (type.size == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    return std::bit_cast<double>(bits);
}

}  // namespace datasets
