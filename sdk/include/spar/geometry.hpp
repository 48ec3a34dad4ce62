// The threat model as a value: a ball of some norm inside a box, and what attacks do in it.
//
// Rounding. The host accepts x_adv when its distance is at most eps * (1 + 1e-5) + 1e-7, and only
// exactly inside the box (its bounds rounded to float). Whatever project() returns satisfies both,
// also where neighbouring floats are further apart than eps; x itself must lie in the box.
#pragma once

#include <spar/l1.hpp>
#include <spar/math.hpp>
#include <spar/philox.hpp>
#include <spar/tensor.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

// Compiled once for each of some instruction sets, of which the machine chooses; the numbers are
// the same. Not every compiler can.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SPAR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SPAR_CLONES
#endif

namespace SPAR_HIDDEN spar {

/// ||x_adv - x|| <= eps in `norm`, and lower <= x_adv <= upper. All functions work on one example.
struct Ball {
    spar_norm norm;
    float eps, lower, upper;

    explicit Ball(const spar_threat &threat)
        : norm(threat.norm),
          eps(static_cast<float>(threat.eps)),
          lower(static_cast<float>(threat.lower)),
          upper(static_cast<float>(threat.upper)) {}

    /// The same ball in a space of any values.
    Ball without_box() const {
        Ball ball = *this;
        ball.lower = -std::numeric_limits<float>::infinity();
        ball.upper = std::numeric_limits<float>::infinity();
        return ball;
    }

    /// ||a - b||, accumulated in double. Not a number when a or b holds one that is not.
    double distance(std::span<const float> a, std::span<const float> b) const;
    /// ||a||
    double length(std::span<const float> a) const;
    /// ||a|| in the dual norm: how fast a linear function with this gradient can grow.
    double dual(std::span<const float> gradient) const;

    /// Brings x into ball and box around `center`. linf and l1: to the nearest point of both; l2:
    /// to the nearest point of the ball, then of the box, as AutoAttack and Foolbox do.
    void project(std::span<const float> center, std::span<float> x) const;
    /// The nearest point of the box.
    void clamp(std::span<float> x) const;
    /// A point uniform in the ball around `center`, then projected.
    void random_point(std::span<const float> center, Random random, std::span<float> x) const;

    /// The center with normal noise of standard deviation `sigma` on it, projected.
    void noisy_point(std::span<const float> center, Random random, double sigma,
                     std::span<float> x) const {
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] =
                static_cast<float>(center[i] + sigma * random.normal(static_cast<std::int64_t>(i)));
        project(center, x);
    }

    /// A direction of norm 1 in which a linear function with this gradient grows fast. linf: its
    /// sign, sign(0) = 0. l2: the gradient over its norm. l1: the sign shared equally among the
    /// hundredth of the entries (at least one) that are largest, as Tramer and Boneh (2019) do: a
    /// single entry grows fastest only until the box stops it. Zero for a zero gradient or one with
    /// infinite length; entries that are not numbers count as zero. `direction` may be `gradient`.
    void steepest(std::span<const float> gradient, std::span<float> direction) const;
    /// x moves by `step` in the steepest direction and is projected. Under l1, entries that the box
    /// stops leave their share to others.
    void ascend(std::span<const float> center, std::span<const float> gradient, float step,
                std::span<float> x) const;

  private:
    float clamped(float value) const {
        const float raised = value > lower ? value : lower;
        return raised < upper ? raised : upper;
    }
    /// Value inside both [center - eps, center + eps] and the box. The ends of the interval are
    /// rounded towards the center, so that the distance never exceeds eps.
    float confined(float center, float value) const {
        float low = center - eps, high = center + eps;
        low = center - low > eps ? -next_below(-low) : low;
        high = high - center > eps ? next_below(high) : high;
        const float raised = value > low ? value : low;
        return clamped(raised < high ? raised : high);
    }
    static float next_below(float value) {
        const auto bits = std::bit_cast<std::int32_t>(value);
        return std::bit_cast<float>(value > 0 ? bits - 1 : bits + 1);
    }
    static float sign(float value) {
        return static_cast<float>(static_cast<int>(value > 0) - static_cast<int>(value < 0));
    }
    /// What to multiply a gradient with to give it length 1 in l2; 0 when it has no direction.
    static double inverse_length(std::span<const float> gradient) {
        const double length = norm_l2(gradient);
        return length > 0 && std::isfinite(length) ? 1 / length : 0;
    }
    static std::int64_t share_count(std::size_t size) {
        return static_cast<std::int64_t>((size + 99) / 100);
    }
    void project_to(double radius, std::span<const float> center, std::span<float> x) const;
    /// x moves by `step` in the direction of the signs and is confined.
    static void ascend_linf(const Ball &ball, const float *center, const float *gradient,
                            float step, float *x, std::size_t size);
};

SPAR_CLONES inline void Ball::ascend_linf(const Ball &ball, const float *__restrict center,
                                          const float *__restrict gradient, float step,
                                          float *__restrict x, std::size_t size) {
    const Ball b = ball;
    for (std::size_t i = 0; i < size; ++i)
        x[i] = b.confined(center[i], x[i] + step * sign(gradient[i]));
}

inline double Ball::distance(std::span<const float> a, std::span<const float> b) const {
    const auto difference = [&](std::size_t i) { return std::fabs(double{a[i]} - double{b[i]}); };
    const double total = sum_of(a.size(), difference);
    if (norm == SPAR_NORM_L1 || std::isnan(total)) return total;
    if (norm == SPAR_NORM_LINF) return max_of(a.size(), difference);
    return std::sqrt(
        sum_of(a.size(), [&](std::size_t i) { return difference(i) * difference(i); }));
}

inline double Ball::length(std::span<const float> a) const {
    if (norm == SPAR_NORM_LINF) return norm_linf(a);
    return norm == SPAR_NORM_L1 ? norm_l1(a) : norm_l2(a);
}

inline double Ball::dual(std::span<const float> gradient) const {
    if (norm == SPAR_NORM_LINF) return norm_l1(gradient);
    return norm == SPAR_NORM_L1 ? norm_linf(gradient) : norm_l2(gradient);
}

inline void Ball::clamp(std::span<float> x) const {
    for (float &value : x) value = clamped(value);
}

inline void Ball::project_to(double radius, std::span<const float> center,
                             std::span<float> x) const {
    if (norm == SPAR_NORM_L1) return l1::project(center, x, radius, lower, upper);
    const double scale = radius / distance(center, x);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(center[i] + scale * (double{x[i]} - center[i]));
}

inline void Ball::project(std::span<const float> center, std::span<float> x) const {
    if (norm == SPAR_NORM_LINF) {
        const float *__restrict c = center.data();
        float *__restrict p = x.data();
        for (std::size_t i = 0; i < x.size(); ++i) p[i] = confined(c[i], p[i]);
        return;
    }
    // Rounding may leave a point a little outside; what is within this margin stays as it is.
    const double limit = double{eps} * (1 + 1e-6);
    double margin = 0;
    for (int attempt = 0; attempt < 12; ++attempt) {
        const double length = distance(center, x);
        if (length <= limit) return clamp(x);
        if (!std::isfinite(length)) break;
        project_to(eps * (1 - margin), center, x);
        clamp(x);
        margin = margin == 0 ? 1e-6 : 4 * margin;
    }
    if (!(distance(center, x) <= limit)) std::copy(center.begin(), center.end(), x.begin());
}

inline void Ball::random_point(std::span<const float> center, Random random,
                               std::span<float> x) const {
    const auto size = static_cast<std::int64_t>(x.size());
    const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
    if (norm == SPAR_NORM_LINF) {
        for (std::int64_t i = 0; i < size; ++i)
            x[at(i)] = center[at(i)] + random.uniform(i, -eps, eps);
    } else if (norm == SPAR_NORM_L2) {
        for (std::int64_t i = 0; i < size; ++i) x[at(i)] = random.normal(i);
        const double radius =
            eps * std::pow(double{random.uniform(2 * size)}, 1 / static_cast<double>(size));
        const double scale = radius * inverse_length(x);
        for (std::int64_t i = 0; i < size; ++i)
            x[at(i)] = static_cast<float>(center[at(i)] + scale * x[at(i)]);
    } else {
        // size + 1 exponential numbers over their sum are uniform on a simplex; signs make it a
        // ball.
        const auto exponential = [&](std::int64_t i) {
            return -std::log((static_cast<double>(random.word(2 * i)) + 0.5) * 0x1p-32);
        };
        double total = exponential(size);
        for (std::int64_t i = 0; i < size; ++i) total += exponential(i);
        for (std::int64_t i = 0; i < size; ++i) {
            const double length = eps * exponential(i) / total;
            const bool negative = (random.word(2 * i + 1) & 1U) != 0;
            x[at(i)] = static_cast<float>(center[at(i)] + (negative ? -length : length));
        }
    }
    project(center, x);
}

inline void Ball::steepest(std::span<const float> gradient, std::span<float> direction) const {
    if (norm == SPAR_NORM_LINF) {
        for (std::size_t i = 0; i < gradient.size(); ++i) direction[i] = sign(gradient[i]);
    } else if (norm == SPAR_NORM_L2) {
        const double scale = inverse_length(gradient);
        for (std::size_t i = 0; i < gradient.size(); ++i)
            direction[i] = scale > 0 ? static_cast<float>(scale * gradient[i]) : 0.0F;
    } else {
        const auto none = [](std::size_t) { return false; };
        std::int64_t chosen = 0;
        const std::int64_t most = share_count(gradient.size());
        l1::largest(gradient, most, none, [&](std::size_t) { ++chosen; });
        const float share = 1 / static_cast<float>(std::max<std::int64_t>(chosen, 1));
        if (direction.data() != gradient.data())
            std::copy(gradient.begin(), gradient.end(), direction.begin());
        // Chosen entries are marked by a magnitude that no finite entry has, then all are written.
        constexpr float mark = std::numeric_limits<float>::infinity();
        for (float &value : direction)
            if (!std::isfinite(value)) value = 0;
        l1::largest(direction, most, none,
                    [&](std::size_t i) { direction[i] = std::copysign(mark, direction[i]); });
        for (float &value : direction)
            value = std::isinf(value) ? std::copysign(share, value) : 0.0F;
    }
}

inline void Ball::ascend(std::span<const float> center, std::span<const float> gradient, float step,
                         std::span<float> x) const {
    if (norm == SPAR_NORM_LINF)
        return ascend_linf(*this, center.data(), gradient.data(), step, x.data(), x.size());
    if (norm == SPAR_NORM_L2) {
        const float *__restrict g = gradient.data();
        float *__restrict p = x.data();
        const double scale = step * inverse_length(gradient);
        if (scale == 0) return project(center, x);
        for (std::size_t i = 0; i < x.size(); ++i) p[i] += static_cast<float>(scale * g[i]);
        return project(center, x);
    }
    const auto stopped = [&](std::size_t i) {
        return (gradient[i] > 0 && x[i] >= upper) || (gradient[i] < 0 && x[i] <= lower);
    };
    std::int64_t chosen = 0;
    const std::int64_t most = share_count(x.size());
    l1::largest(gradient, most, stopped, [&](std::size_t) { ++chosen; });
    const float share = step / static_cast<float>(std::max<std::int64_t>(chosen, 1));
    l1::largest(gradient, most, stopped, [&](std::size_t i) { x[i] += share * sign(gradient[i]); });
    project(center, x);
}

}  // namespace spar
