// The l1 ball: exact projection together with a box, and the largest entries of a gradient. Both
// work by search instead of sorting, so they need no memory.
#pragma once

#include <spar/math.hpp>

#include <bit>

namespace SPAR_HIDDEN spar {
namespace l1 {

/// Room between center and the wall of the box that an offset points to.
inline double room(float center, double offset, float lower, float upper) {
    return offset > 0 ? std::max(double{upper} - center, 0.0)
                      : std::max(double{center} - lower, 0.0);
}

/// The nearest point to x with ||x - center||_1 <= eps in the box (Croce and Hein 2021, "Mind the
/// box"): offsets become sign(d) clamp(|d| - t, 0, room), with the t that makes their sum eps. The
/// sum falls with t in straight pieces, so Newton's step, kept in a shrinking interval, ends
/// exactly.
inline void project(std::span<const float> center, std::span<float> x, double eps, float lower,
                    float upper) {
    const auto kept = [&](std::size_t i, double t) {
        const double offset = double{x[i]} - center[i];
        return std::clamp(std::fabs(offset) - t, 0.0, room(center[i], offset, lower, upper));
    };
    const auto moving = [&](std::size_t i, double t) {
        const double offset = double{x[i]} - center[i];
        const double rest = std::fabs(offset) - t;
        return rest > 0 && rest < room(center[i], offset, lower, upper) ? 1.0 : 0.0;
    };
    double low = 0, t = 0;
    double high =
        max_of(x.size(), [&](std::size_t i) { return std::fabs(double{x[i]} - center[i]); });
    for (int round = 0; round < 200; ++round) {
        const double excess = sum_of(x.size(), [&](std::size_t i) { return kept(i, t); }) - eps;
        if (excess <= 0 && (t == 0 || excess >= -1e-12 * eps)) break;
        (excess > 0 ? low : high) = t;
        const double slope = sum_of(x.size(), [&](std::size_t i) { return moving(i, t); });
        const double newton = slope > 0 ? t + excess / slope : low;
        const double next = newton > low && newton < high ? newton : low + (high - low) / 2;
        if (next <= low || next >= high) {  // neighbouring doubles
            t = high;
            break;
        }
        t = next;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double offset = double{x[i]} - center[i];
        x[i] = static_cast<float>(center[i] + std::copysign(kept(i, t), offset));
    }
}

/// Magnitude as an integer that sorts alike; 0 for what is not finite.
inline std::uint32_t rank_of(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU;
    return bits < 0x7F800000U ? bits : 0U;
}

/// Calls take(i) for the `count` entries of largest magnitude, fewer when the others are zero;
/// among equal ones the first. Entries with skip(i) do not stand for election.
template <class Skip, class Take>
void largest(std::span<const float> values, std::int64_t count, Skip &&skip, Take &&take) {
    const auto at_least = [&](std::uint32_t threshold) {
        std::int64_t number = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            number += rank_of(values[i]) >= threshold && !skip(i) ? 1 : 0;
        return number;
    };
    std::uint32_t low = 1, high = 0x7F800000U;  // at_least(low) may be > count, at_least(high) is 0
    while (low < high) {  // the smallest threshold that no more than `count` reach
        const std::uint32_t middle = low + (high - low) / 2;
        if (at_least(middle) <= count)
            high = middle;
        else
            low = middle + 1;
    }
    std::int64_t ties = count - at_least(low);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint32_t rank = rank_of(values[i]);
        if (rank == 0 || skip(i)) continue;
        if (rank >= low || (rank + 1 == low && ties-- > 0)) take(i);
    }
}

}  // namespace l1
}  // namespace spar
