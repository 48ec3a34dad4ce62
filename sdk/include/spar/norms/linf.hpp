// linf: the largest change of any value.
#pragma once

#include <spar/norms/region.hpp>
#include <spar/philox.hpp>

// Compiled for several instruction sets, selected at run time; the numbers are the same. Not every
// compiler supports it.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SPAR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SPAR_CLONES
#endif

namespace SPAR_HIDDEN spar {
namespace norms {

struct Linf {
    static constexpr spar_norm value = SPAR_NORM_LINF;
    static constexpr const char *word = "linf";

    static double distance(const Region &, std::span<const float> a, std::span<const float> b) {
        const auto difference = [&](std::size_t i) {
            return std::fabs(double{a[i]} - double{b[i]});
        };
        const double total = sum_of(a.size(), difference);  // the maximum would hide NaN
        return std::isnan(total) ? total : max_of(a.size(), difference);
    }
    static double length(const Region &, std::span<const float> a) { return norm_linf(a); }
    static double dual(const Region &, std::span<const float> gradient) {
        return norm_l1(gradient);
    }
    static double limit(const Region &r) { return with_rounding(r); }
    static double diameter(const Region &r, std::size_t) { return double{r.upper} - r.lower; }
    static double longest_step(const Region &r, std::size_t size) { return diameter(r, size); }

    static void project(const Region &r, std::span<const float> center, std::span<float> x) {
        const float *__restrict c = center.data();
        float *__restrict p = x.data();
        for (std::size_t i = 0; i < x.size(); ++i) p[i] = confined(r, c[i], p[i]);
    }

    static void random_point(const Region &r, std::span<const float> center, Random random,
                             std::span<float> x) {
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = center[i] + random.uniform(static_cast<std::int64_t>(i), -r.eps, r.eps);
    }

    static void steepest(const Region &, std::span<const float> gradient,
                         std::span<float> direction) {
        for (std::size_t i = 0; i < gradient.size(); ++i) direction[i] = sign(gradient[i]);
    }

    static void ascend(const Region &r, std::span<const float> center,
                       std::span<const float> gradient, float step, std::span<float> x) {
        ascend_all(r, center.data(), gradient.data(), step, x.data(), x.size());
    }

  private:
    /// The value clamped to [center - eps, center + eps] and the box. The ends of the interval are
    /// rounded towards the center, so that the distance never exceeds eps.
    static float confined(const Region &r, float center, float value) {
        float low = center - r.eps, high = center + r.eps;
        low = center - low > r.eps ? -next_below(-low) : low;
        high = high - center > r.eps ? next_below(high) : high;
        const float raised = value > low ? value : low;
        return r.clamped(raised < high ? raised : high);
    }
    static float next_below(float value) {
        const auto bits = std::bit_cast<std::int32_t>(value);
        return std::bit_cast<float>(value > 0 ? bits - 1 : bits + 1);
    }
    /// Moves x by `step` in the direction of the signs, then clamps it.
    static void ascend_all(const Region &region, const float *center, const float *gradient,
                           float step, float *x, std::size_t size);
};

SPAR_CLONES inline void Linf::ascend_all(const Region &region, const float *__restrict center,
                                         const float *__restrict gradient, float step,
                                         float *__restrict x, std::size_t size) {
    const Region r = region;
    for (std::size_t i = 0; i < size; ++i)
        x[i] = confined(r, center[i], x[i] + step * sign(gradient[i]));
}

}  // namespace norms
}  // namespace spar
