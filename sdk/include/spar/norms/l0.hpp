// l0: how many values, or groups of values, have changed. A value has changed if its bits have; 0
// and -0 are equal. Only the box limits how far a changed value moves.
#pragma once

#include <spar/norms/largest.hpp>
#include <spar/norms/region.hpp>
#include <spar/philox.hpp>

namespace SPAR_HIDDEN spar {
namespace norms {

struct L0 {
    static constexpr spar_norm value = SPAR_NORM_L0;
    static constexpr const char *word = "l0";

    static double distance(const Region &r, std::span<const float> a, std::span<const float> b) {
        const double total =
            sum_of(a.size(), [&](std::size_t i) { return double{a[i]} + double{b[i]}; });
        // Infinities may cancel, so if the sum is NaN, check value by value.
        if (std::isnan(total))
            for (std::size_t i = 0; i < a.size(); ++i)
                if (std::isnan(a[i]) || std::isnan(b[i])) return total;
        // Floats that are not NaN differ if their bits do, except for the two zeros.
        return count(r, a.size(), [&](std::size_t i) { return a[i] != b[i]; });
    }
    /// How many values or groups are not zero.
    static double length(const Region &r, std::span<const float> a) {
        return count(r, a.size(), [&](std::size_t i) { return a[i] != 0; });
    }
    /// How fast a linear function increases with one value, or group, that changes by at most 1.
    static double dual(const Region &r, std::span<const float> gradient) {
        return max_of(groups(r, gradient.size()), [&](std::size_t group) {
            return in_group(r, group, gradient.size(),
                            [&](std::size_t i) { return std::fabs(double{gradient[i]}); });
        });
    }
    /// Counting needs no tolerance.
    static double limit(const Region &r) { return std::floor(double{r.eps}); }
    static double diameter(const Region &r, std::size_t size) {
        return static_cast<double>(groups(r, size));
    }
    /// The length of a step is measured in l1.
    static double longest_step(const Region &r, std::size_t size) {
        return (double{r.upper} - r.lower) * static_cast<double>(size);
    }

    /// The exact projection onto ball and box (Croce and Hein 2019, "Sparse and imperceivable
    /// adversarial attacks", PGD_0): the eps groups of largest gain keep their change, clipped to
    /// the box; the others become clean again. Non-finite values count as clean.
    static void project(const Region &r, std::span<const float> center, std::span<float> x) {
        const std::size_t all = groups(r, x.size());
        const auto rank = [&](std::size_t group) { return rank_of(gain(r, group, center, x)); };
        auto cut = cut_largest(all, budget(r, all), rank, [](std::size_t) { return false; });
        for (std::size_t group = 0; group < all; ++group) {
            const bool kept = cut.takes(rank(group));
            for (std::size_t i = group; i < x.size(); i += all)
                x[i] = kept && x[i] != center[i] ? r.clamped(x[i]) : center[i];
        }
    }

    /// eps groups, each as likely as any other (Knuth, The Art of Computer Programming, volume 2,
    /// algorithm 3.4.2S), of values uniform in the box. If the box is infinite, nothing moves.
    static void random_point(const Region &r, std::span<const float> center, Random random,
                             std::span<float> x) {
        std::copy(center.begin(), center.end(), x.begin());
        if (!std::isfinite(r.upper - r.lower)) return;
        const std::size_t all = groups(r, x.size());
        std::int64_t missing = budget(r, all);
        for (std::size_t group = 0; group < all; ++group) {
            const auto at = static_cast<std::int64_t>(group);
            if (random.below(at, static_cast<std::int64_t>(all) - at) >= missing) continue;
            --missing;
            for (std::size_t i = group; i < x.size(); i += all)
                x[i] = random.uniform(static_cast<std::int64_t>(all + i), r.lower, r.upper);
        }
    }

    /// The gradient over its l1 norm, as PGD_0 steps: the projection chooses which values change.
    static void steepest(const Region &, std::span<const float> gradient,
                         std::span<float> direction) {
        const double scale = inverse(norm_l1(gradient));
        for (std::size_t i = 0; i < gradient.size(); ++i)
            direction[i] = scale > 0 ? static_cast<float>(scale * gradient[i]) : 0.0F;
    }

    static void ascend(const Region &r, std::span<const float> center,
                       std::span<const float> gradient, float step, std::span<float> x) {
        const double scale = step * inverse(norm_l1(gradient));
        if (scale != 0)
            for (std::size_t i = 0; i < x.size(); ++i)
                x[i] += static_cast<float>(scale * gradient[i]);
        project(r, center, x);
    }

  private:
    static std::size_t groups(const Region &r, std::size_t size) {
        return r.plane > 0 ? r.plane : size;
    }
    /// How many groups may change.
    static std::int64_t budget(const Region &r, std::size_t all) {
        return static_cast<std::int64_t>(std::min(limit(r), static_cast<double>(all)));
    }
    /// Sum of term(i) over the values of a group.
    template <class Term>
    static double in_group(const Region &r, std::size_t group, std::size_t size, Term &&term) {
        double total = 0;
        for (std::size_t i = group; i < size; i += groups(r, size)) total += term(i);
        return total;
    }
    /// How many groups hold a value for which counts(i).
    template <class Counts>
    static double count(const Region &r, std::size_t size, Counts &&counts) {
        return sum_of(groups(r, size), [&](std::size_t group) {
            const auto one = [&](std::size_t i) { return counts(i) ? 1.0 : 0.0; };
            return in_group(r, group, size, one) > 0 ? 1.0 : 0.0;
        });
    }
    /// z^2 - dist(x, box)^2 with z the change: how much the squared distance to x falls if the
    /// group may change. Written as a product, because both terms may be large and nearly equal.
    static double gain(const Region &r, std::size_t group, std::span<const float> center,
                       std::span<const float> x) {
        const double total = in_group(r, group, x.size(), [&](std::size_t i) {
            const double change = double{x[i]} - center[i];
            const double left = double{r.clamped(x[i])} - center[i];
            return left * (2 * change - left);
        });
        return total > 0 ? total : 0;
    }
};

}  // namespace norms
}  // namespace spar
