// l1: the sum of the changes. The exact projection onto ball and box, and the largest entries of a
// gradient, are found by search instead of sorting, which needs no memory.
#pragma once

#include <spar/norms/largest.hpp>
#include <spar/norms/region.hpp>
#include <spar/philox.hpp>

namespace SPAR_HIDDEN spar {
namespace l1 {

/// The distance from center to the wall of the box that an offset points to.
inline double room(float center, double offset, float lower, float upper) {
    return offset > 0 ? std::max(double{upper} - center, 0.0)
                      : std::max(double{center} - lower, 0.0);
}

/// The nearest point to x with ||x - center||_1 <= eps in the box (Croce and Hein 2021, "Mind the
/// box"): offsets become sign(d) clamp(|d| - t, 0, room), with the t that makes their sum eps. The
/// sum is piecewise linear in t, so Newton's method, confined to a shrinking interval, ends
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

using norms::rank_of;

/// Calls take(i) for the `count` entries of largest magnitude, fewer if the others are zero; among
/// equal ones the first. Entries for which skip(i) holds are ignored.
template <class Skip, class Take>
void largest(std::span<const float> values, std::int64_t count, Skip &&skip, Take &&take) {
    auto cut = norms::cut_largest(
        values.size(), count, [&](std::size_t i) { return rank_of(values[i]); }, skip);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint32_t rank = rank_of(values[i]);
        if (rank != 0 && !skip(i) && cut.takes(rank)) take(i);
    }
}

}  // namespace l1

namespace norms {

struct L1 {
    static constexpr spar_norm value = SPAR_NORM_L1;
    static constexpr const char *word = "l1";

    static double distance(const Region &, std::span<const float> a, std::span<const float> b) {
        return sum_of(a.size(),
                      [&](std::size_t i) { return std::fabs(double{a[i]} - double{b[i]}); });
    }
    static double length(const Region &, std::span<const float> a) { return norm_l1(a); }
    static double dual(const Region &, std::span<const float> gradient) {
        return norm_linf(gradient);
    }
    static double limit(const Region &r) { return with_rounding(r); }
    static double diameter(const Region &r, std::size_t size) {
        return (double{r.upper} - r.lower) * static_cast<double>(size);
    }
    static double longest_step(const Region &r, std::size_t size) { return diameter(r, size); }

    static void project(const Region &r, std::span<const float> center, std::span<float> x) {
        project_by<L1>(r, center, x,
                       [&](double radius) { l1::project(center, x, radius, r.lower, r.upper); });
    }

    /// size + 1 exponential numbers over their sum are uniform on a simplex; signs make it a ball.
    static void random_point(const Region &r, std::span<const float> center, Random random,
                             std::span<float> x) {
        const auto size = static_cast<std::int64_t>(x.size());
        const auto exponential = [&](std::int64_t i) {
            return -std::log((static_cast<double>(random.word(2 * i)) + 0.5) * 0x1p-32);
        };
        double total = exponential(size);
        for (std::int64_t i = 0; i < size; ++i) total += exponential(i);
        for (std::int64_t i = 0; i < size; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const double length = r.eps * exponential(i) / total;
            const bool negative = (random.word(2 * i + 1) & 1U) != 0;
            x[at] = static_cast<float>(center[at] + (negative ? -length : length));
        }
    }

    /// The sign, divided equally among the largest hundredth of the entries (at least one), as
    /// Tramer and Boneh (2019) do: a single entry is steepest only until the box stops it.
    static void steepest(const Region &, std::span<const float> gradient,
                         std::span<float> direction) {
        const auto none = [](std::size_t) { return false; };
        std::int64_t chosen = 0;
        const std::int64_t most = share_count(gradient.size());
        l1::largest(gradient, most, none, [&](std::size_t) { ++chosen; });
        const float share = 1 / static_cast<float>(std::max<std::int64_t>(chosen, 1));
        if (direction.data() != gradient.data())
            std::copy(gradient.begin(), gradient.end(), direction.begin());
        // Marks the chosen entries by a magnitude that no finite entry has, then writes them all.
        constexpr float mark = std::numeric_limits<float>::infinity();
        for (float &value : direction)
            if (!std::isfinite(value)) value = 0;
        l1::largest(direction, most, none,
                    [&](std::size_t i) { direction[i] = std::copysign(mark, direction[i]); });
        for (float &value : direction)
            value = std::isinf(value) ? std::copysign(share, value) : 0.0F;
    }

    /// Entries stopped by the box leave their share to others.
    static void ascend(const Region &r, std::span<const float> center,
                       std::span<const float> gradient, float step, std::span<float> x) {
        const auto stopped = [&](std::size_t i) {
            return (gradient[i] > 0 && x[i] >= r.upper) || (gradient[i] < 0 && x[i] <= r.lower);
        };
        std::int64_t chosen = 0;
        const std::int64_t most = share_count(x.size());
        l1::largest(gradient, most, stopped, [&](std::size_t) { ++chosen; });
        const float share = step / static_cast<float>(std::max<std::int64_t>(chosen, 1));
        l1::largest(gradient, most, stopped,
                    [&](std::size_t i) { x[i] += share * sign(gradient[i]); });
        project(r, center, x);
    }

  private:
    static std::int64_t share_count(std::size_t size) {
        return static_cast<std::int64_t>((size + 99) / 100);
    }
};

}  // namespace norms
}  // namespace spar
