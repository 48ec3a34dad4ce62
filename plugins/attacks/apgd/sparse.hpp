// APGD under l1 (Croce and Hein 2021, "Mind the box"): radii, sparse steps, step rule.
#pragma once

#include "momentum.hpp"

#include <array>

namespace apgd {

/// One part of a run: steps inside a ball of `factor` times eps.
struct Stage {
    float factor;
    std::int64_t steps;
};

/// With larger radii 3 eps and 2 eps for 30 % of the steps each, rounded up, then eps for the
/// rest, which is at least one step.
inline std::array<Stage, 3> stages(std::int64_t steps, bool larger) {
    const std::int64_t wide = larger ? std::min((3 * steps + 9) / 10, (steps - 1) / 2) : 0;
    return {Stage{3, wide}, Stage{2, wide}, Stage{1, steps - 2 * wide}};
}

inline std::int64_t count_differing(std::span<const float> center, std::span<const float> x) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < x.size(); ++i) count += x[i] != center[i] ? 1 : 0;
    return count;
}

/// How many of `size` entries a step moves for this share of them; at least one. Rounded as in the
/// authors' program.
inline std::int64_t moving(float share, std::int64_t size) {
    const auto n = static_cast<float>(size);
    return size - static_cast<std::int64_t>(std::clamp((1.0F - share) * n, 0.0F, n - 1));
}

/// The share chosen by adaptive sparsity: two thirds of the entries that differ from x.
inline float adapted(std::int64_t differing, std::int64_t size) {
    return static_cast<float>(differing) / static_cast<float>(size) / 1.5F;
}

/// A checkpoint under l1; true if the point returns to the best one, of which `differing` of `size`
/// entries differ from x. If these have become 5 % fewer since the last checkpoint, the step is
/// reset to `radius`; otherwise it shrinks by a factor of 1.5, but not below a tenth of that.
inline bool sparser(Progress &p, std::int64_t differing, std::int64_t size, double radius) {
    const bool fewer = static_cast<float>(differing) / static_cast<float>(p.differing) < 0.95F;
    p.step = fewer ? radius : std::max(p.step / 1.5, radius / 10);
    p.differing = differing;
    p.moving = moving(adapted(differing, size), size);
    return fewer;
}

/// Moves x by `step`, divided equally among the `count` entries of largest gradient, and projects
/// it.
inline void sparse_step(const spar::Ball &ball, std::span<const float> center,
                        std::span<const float> gradient, std::int64_t count, double step,
                        std::span<float> x) {
    const auto none = [](std::size_t) { return false; };
    std::int64_t chosen = 0;
    spar::l1::largest(gradient, count, none, [&](std::size_t) { ++chosen; });
    const auto share =
        static_cast<float>(step / static_cast<double>(std::max<std::int64_t>(chosen, 1)));
    spar::l1::largest(gradient, count, none,
                      [&](std::size_t i) { x[i] += std::copysign(share, gradient[i]); });
    ball.project(center, x);
}

}  // namespace apgd
