// The largest of some values, found by search instead of sorting, which needs no memory.
#pragma once

#include <spar/abi/visibility.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace SPAR_HIDDEN spar {
namespace norms {

/// A number's magnitude as an integer in the same order; 0 if it is not finite.
inline std::uint32_t rank_of(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU;
    return bits < 0x7F800000U ? bits : 0U;
}
inline std::uint64_t rank_of(double value) {
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(value) & 0x7FFFFFFFFFFFFFFFU;
    return bits < 0x7FF0000000000000U ? bits : 0U;
}

/// A rank above that of any number.
template <class Rank>
constexpr Rank above_all() {
    return sizeof(Rank) == 4 ? static_cast<Rank>(0x7F800000U)
                             : static_cast<Rank>(0x7FF0000000000000U);
}

/// A choice of the largest ranks: those of at least `least`, and of those just below it the first
/// `ties`.
template <class Rank>
struct Cut {
    Rank least;
    std::int64_t ties;

    /// Called once for each index, in ascending order.
    bool takes(Rank rank) {
        if (rank == 0) return false;
        return rank >= least || (rank + 1 == least && ties-- > 0);
    }
};

/// The `count` indices in [0, size) of largest rank(i), fewer if the others have rank 0; among
/// equal ones the first. Indices for which skip(i) holds are ignored; it is called for few of them.
template <class RankOf, class Skip>
auto cut_largest(std::size_t size, std::int64_t count, RankOf &&rank, Skip &&skip) {
    using Rank = decltype(rank(std::size_t{}));
    const auto at_least = [&](Rank threshold) {
        std::int64_t number = 0;
        for (std::size_t i = 0; i < size; ++i) number += rank(i) >= threshold && !skip(i) ? 1 : 0;
        return number;
    };
    Rank low = 1, high = above_all<Rank>();  // at_least(low) may be > count, at_least(high) is 0
    std::int64_t ties = count;
    while (low < high) {  // the smallest threshold that at most `count` ranks reach
        const Rank middle = low + (high - low) / 2;
        const std::int64_t number = at_least(middle);
        if (number <= count) {
            high = middle;
            ties = count - number;
        } else {
            low = middle + 1;
        }
        if (number == count) break;
    }
    return Cut<Rank>{high, ties};
}

}  // namespace norms
}  // namespace spar
