// How many words two texts differ in: the distance of the space of tokens.
#pragma once

#include <spar/abi/visibility.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace SPAR_HIDDEN spar {

/// The words of a text, in their order.
using WordList = std::vector<std::string_view>;

namespace edits_detail {

/// Takes off what both begin and end with, which a best alignment leaves alone; returns the length
/// of the common beginning.
inline std::size_t strip(std::span<const std::string_view> &a,
                         std::span<const std::string_view> &b) {
    const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const auto begin = static_cast<std::size_t>(x - a.begin());
    a = a.subspan(begin);
    b = b.subspan(begin);
    std::size_t end = 0;
    while (end < std::min(a.size(), b.size()) && a[a.size() - 1 - end] == b[b.size() - 1 - end])
        ++end;
    a = a.first(a.size() - end);
    b = b.first(b.size() - end);
    return begin;
}

/// The distance of what strip() leaves, or most + 1, from costs in the band |i - j| <= most.
inline std::int64_t within(std::span<const std::string_view> a, std::span<const std::string_view> b,
                           std::int64_t most) {
    const auto n = std::ssize(a), m = std::ssize(b);
    if (std::max(n - m, m - n) > most) return most + 1;
    if (n == 0 || m == 0) return std::max(n, m);
    // costs[j]: of the first i words of a and j of b
    const std::int64_t beyond = most + 1;
    std::vector<std::int64_t> costs(static_cast<std::size_t>(m) + 1);
    for (std::ptrdiff_t j = 0; j <= m; ++j)
        costs[static_cast<std::size_t>(j)] = std::min<std::int64_t>(j, beyond);
    for (std::ptrdiff_t i = 1; i <= n; ++i) {
        const std::ptrdiff_t first = std::max<std::ptrdiff_t>(1, i - most);
        const std::ptrdiff_t last = std::min<std::ptrdiff_t>(m, i + most);
        auto at = [&](std::ptrdiff_t j) -> std::int64_t & {
            return costs[static_cast<std::size_t>(j)];
        };
        std::int64_t diagonal = at(first - 1);
        at(first - 1) = first == 1 ? std::min<std::int64_t>(i, beyond) : beyond;
        for (std::ptrdiff_t j = first; j <= last; ++j) {
            const bool same =
                a[static_cast<std::size_t>(i - 1)] == b[static_cast<std::size_t>(j - 1)];
            const std::int64_t above = j == i + most ? beyond : at(j);
            const std::int64_t cost =
                std::min({diagonal + (same ? 0 : 1), above + 1, at(j - 1) + 1, beyond});
            diagonal = at(j);
            at(j) = cost;
        }
    }
    return costs[static_cast<std::size_t>(m)];
}

}  // namespace edits_detail

/// The least number of words to substitute, insert and delete in order to turn `a` into `b`, words
/// compared byte by byte; most + 1 if it is more than `most`. Takes time for the words that differ
/// times the distance.
inline std::int64_t edited_words(std::span<const std::string_view> a,
                                 std::span<const std::string_view> b, std::int64_t most) {
    edits_detail::strip(a, b);
    for (std::int64_t band = std::min<std::int64_t>(most, 8);; band = std::min(most, 2 * band)) {
        const std::int64_t distance = edits_detail::within(a, b, band);
        if (distance <= band || band >= most) return distance;
    }
}

/// Which words of each text a shortest way from `a` to `b` touches.
struct EditedWords {
    std::vector<bool> of_a, of_b;
};

inline EditedWords which_words(std::span<const std::string_view> a,
                               std::span<const std::string_view> b) {
    EditedWords which{std::vector<bool>(a.size()), std::vector<bool>(b.size())};
    const std::size_t begin = edits_detail::strip(a, b);
    const std::size_t n = a.size(), m = b.size(), width = m + 1;
    const auto mark = [&](bool of_a, std::size_t i) {
        (of_a ? which.of_a : which.of_b)[begin + i] = true;
    };
    constexpr std::size_t most_cells = std::size_t{1} << 24;
    if ((n + 1) > most_cells / width) {  // texts of many thousand words: all in between
        for (std::size_t i = 0; i < n; ++i) mark(true, i);
        for (std::size_t j = 0; j < m; ++j) mark(false, j);
        return which;
    }
    // costs[i * width + j]: of what follows word i of a and word j of b
    std::vector<std::uint32_t> costs((n + 1) * width);
    for (std::size_t i = n + 1; i-- > 0;)
        for (std::size_t j = m + 1; j-- > 0;) {
            std::uint32_t &cost = costs[i * width + j];
            if (i == n || j == m) {
                cost = static_cast<std::uint32_t>(n - i + m - j);
                continue;
            }
            cost = std::min({costs[(i + 1) * width + j + 1] + (a[i] == b[j] ? 0U : 1U),
                             costs[(i + 1) * width + j] + 1, costs[i * width + j + 1] + 1});
        }
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
        const std::uint32_t cost = costs[i * width + j];
        if (i < n && j < m && cost == costs[(i + 1) * width + j + 1] + (a[i] == b[j] ? 0U : 1U)) {
            if (a[i] != b[j]) mark(true, i), mark(false, j);
            ++i, ++j;
        } else if (i < n && cost == costs[(i + 1) * width + j] + 1) {
            mark(true, i++);
        } else {
            mark(false, j++);
        }
    }
    return which;
}

}  // namespace spar
