// l2: the root of the sum of squares.
#pragma once

#include <spar/norms/region.hpp>
#include <spar/philox.hpp>

namespace SPAR_HIDDEN spar {
namespace norms {

struct L2 {
    static constexpr spar_norm value = SPAR_NORM_L2;
    static constexpr const char *word = "l2";

    static double distance(const Region &, std::span<const float> a, std::span<const float> b) {
        return std::sqrt(sum_of(a.size(), [&](std::size_t i) {
            const double difference = std::fabs(double{a[i]} - double{b[i]});
            return difference * difference;
        }));
    }
    static double length(const Region &, std::span<const float> a) { return norm_l2(a); }
    static double dual(const Region &, std::span<const float> gradient) {
        return norm_l2(gradient);
    }
    static double limit(const Region &r) { return with_rounding(r); }
    static double diameter(const Region &r, std::size_t size) {
        return (double{r.upper} - r.lower) * std::sqrt(static_cast<double>(size));
    }
    static double longest_step(const Region &r, std::size_t size) { return diameter(r, size); }

    /// To the nearest point of the ball, then of the box, as AutoAttack and Foolbox do.
    static void project(const Region &r, std::span<const float> center, std::span<float> x) {
        project_by<L2>(r, center, x, [&](double radius) {
            const double scale = radius / distance(r, center, x);
            for (std::size_t i = 0; i < x.size(); ++i)
                x[i] = static_cast<float>(center[i] + scale * (double{x[i]} - center[i]));
        });
    }

    /// A normal vector has a uniform direction; a radius whose power `size` is uniform fills the
    /// ball.
    static void random_point(const Region &r, std::span<const float> center, Random random,
                             std::span<float> x) {
        const auto size = static_cast<std::int64_t>(x.size());
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = random.normal(static_cast<std::int64_t>(i));
        const double radius =
            r.eps * std::pow(double{random.uniform(2 * size)}, 1 / static_cast<double>(size));
        const double scale = radius * inverse(norm_l2(x));
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = static_cast<float>(center[i] + scale * x[i]);
    }

    static void steepest(const Region &, std::span<const float> gradient,
                         std::span<float> direction) {
        const double scale = inverse(norm_l2(gradient));
        for (std::size_t i = 0; i < gradient.size(); ++i)
            direction[i] = scale > 0 ? static_cast<float>(scale * gradient[i]) : 0.0F;
    }

    static void ascend(const Region &r, std::span<const float> center,
                       std::span<const float> gradient, float step, std::span<float> x) {
        const float *__restrict g = gradient.data();
        float *__restrict p = x.data();
        const double scale = step * inverse(norm_l2(gradient));
        if (scale != 0)
            for (std::size_t i = 0; i < x.size(); ++i) p[i] += static_cast<float>(scale * g[i]);
        project(r, center, x);
    }
};

}  // namespace norms
}  // namespace spar
