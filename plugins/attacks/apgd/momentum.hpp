// APGD under linf and l2 (Croce and Hein 2020): step with momentum, step rule.
#pragma once

#include <spar/array.hpp>
#include <spar/geometry.hpp>

namespace apgd {

/// The state of a point on its way.
struct Progress {
    double step;  /// length of the next step, in the threat's norm
    double loss = 0, best_loss = 0;
    /// linf, l2: since the last checkpoint.
    double best_at_check = 0;
    std::int64_t rises = 0;
    bool halved = true;  /// true: the first checkpoint has nothing to compare with
    /// l1: entries in which the best point differed from x at the last checkpoint, and how many
    /// the next step moves.
    std::int64_t differing = 0, moving = 0;
};

/// A checkpoint under linf and l2 (Croce and Hein 2020, conditions 1 and 2); true if the point
/// returns to the best one. The step is halved if fewer than 75 % of the steps raised the loss, or
/// if neither the step nor the best loss changed since the last checkpoint. This follows the paper:
/// the authors' program also halves at exactly 75 %, and after a return compares the first step
/// with the abandoned point.
inline bool halves(Progress &p, std::int64_t window) {
    const bool few = static_cast<double>(p.rises) < 0.75 * static_cast<double>(window);
    const bool stuck = !p.halved && !(p.best_loss > p.best_at_check);
    p.halved = few || stuck;
    p.best_at_check = p.best_loss;
    p.rises = 0;
    if (!p.halved) return false;
    p.step /= 2;
    p.loss = p.best_loss;
    return true;
}

/// Moves x by three quarters of the projected step and a quarter of its last move; the first time
/// by the whole step. `before` is the previous x, `ahead` scratch memory.
inline void momentum_step(const spar::Ball &ball, std::span<const float> center,
                          std::span<const float> gradient, double step, bool first,
                          std::span<float> before, std::span<float> ahead, std::span<float> x) {
    if (first) std::copy(x.begin(), x.end(), before.begin());
    std::copy(x.begin(), x.end(), ahead.begin());
    ball.ascend(center, gradient, static_cast<float>(step), ahead);
    const double share = first ? 1 : 0.75;
    const auto here = spar::doubles(x), last = spar::doubles(before), next = spar::doubles(ahead);
    spar::array(ahead) = (here + share * (next - here) + (1 - share) * (here - last)).cast<float>();
    std::copy(x.begin(), x.end(), before.begin());
    std::copy(ahead.begin(), ahead.end(), x.begin());
    ball.project(center, x);
}

}  // namespace apgd
