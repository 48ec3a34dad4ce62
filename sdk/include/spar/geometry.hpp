// The threat model as a value: a ball of some norm inside a box, and what attacks do in it.
//
// Rounding. The host accepts x_adv if its distance is at most limit(), which is eps * (1 + 1e-5) +
// 1e-7, or eps itself under l0, and if it lies exactly inside the box (bounds rounded to float).
// What project() returns satisfies both, even if neighbouring floats are further apart than eps; x
// itself must lie in the box.
#pragma once

#include <spar/norms.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// ||x_adv - x|| <= eps in `norm`, and lower <= x_adv <= upper. All functions work on one example;
/// the norm's file in spar/norms/ says what they mean under it.
struct Ball : Region {
    spar_norm norm;

    /// `shape` is an example's; needed if the threat counts groups of values.
    explicit Ball(const spar_threat &threat, std::span<const std::int64_t> shape = {})
        : norm(threat.norm) {
        eps = static_cast<float>(threat.eps);
        lower = static_cast<float>(threat.lower);
        upper = static_cast<float>(threat.upper);
        plane = plane_of(threat, shape);
    }

    /// The same ball without the box.
    Ball without_box() const {
        Ball ball = *this;
        ball.lower = -std::numeric_limits<float>::infinity();
        ball.upper = std::numeric_limits<float>::infinity();
        return ball;
    }

    /// ||a - b||, accumulated in double. NaN if a or b contains one.
    double distance(std::span<const float> a, std::span<const float> b) const {
        return norms::of(norm, [&](auto n) { return n.distance(*this, a, b); });
    }
    /// ||a||
    double length(std::span<const float> a) const {
        return norms::of(norm, [&](auto n) { return n.length(*this, a); });
    }
    /// ||a|| in the dual norm: how fast a linear function with this gradient can increase.
    double dual(std::span<const float> gradient) const {
        return norms::of(norm, [&](auto n) { return n.dual(*this, gradient); });
    }
    /// The largest distance that the host accepts.
    double limit() const {
        return norms::of(norm, [&](auto n) { return n.limit(*this); });
    }
    /// The largest distance between two points of the box, for examples of `size` values.
    double diameter(std::size_t size) const {
        return norms::of(norm, [&](auto n) { return n.diameter(*this, size); });
    }
    /// The length of a step that crosses the whole box.
    double longest_step(std::size_t size) const {
        return norms::of(norm, [&](auto n) { return n.longest_step(*this, size); });
    }

    /// Moves x into ball and box around `center`. linf, l1 and l0: to the nearest point of both;
    /// l2: to the nearest point of the ball, then of the box.
    void project(std::span<const float> center, std::span<float> x) const {
        norms::of(norm, [&](auto n) { n.project(*this, center, x); });
    }
    /// A uniform point of the ball around `center`, then projected. l0: eps values, or groups,
    /// become uniform in the box.
    void random_point(std::span<const float> center, Random random, std::span<float> x) const {
        norms::of(norm, [&](auto n) { n.random_point(*this, center, random, x); });
        project(center, x);
    }

    /// The center plus normal noise of standard deviation `sigma`, projected.
    void noisy_point(std::span<const float> center, Random random, double sigma,
                     std::span<float> x) const {
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] =
                static_cast<float>(center[i] + sigma * random.normal(static_cast<std::int64_t>(i)));
        project(center, x);
    }

    /// A direction of steep increase for a linear function with this gradient, of norm 1 (l0: of
    /// norm 1 in l1). linf: its sign, sign(0) = 0. l2: the gradient over its norm. l1: the sign,
    /// shared by the largest entries. l0: the gradient over its l1 norm. Zero for a gradient that
    /// is zero or of infinite length; NaN entries count as zero. `direction` may be `gradient`.
    void steepest(std::span<const float> gradient, std::span<float> direction) const {
        norms::of(norm, [&](auto n) { n.steepest(*this, gradient, direction); });
    }
    /// x moves by `step` in the steepest direction and is projected. Under l1, entries stopped by
    /// the box leave their share to others.
    void ascend(std::span<const float> center, std::span<const float> gradient, float step,
                std::span<float> x) const {
        norms::of(norm, [&](auto n) { n.ascend(*this, center, gradient, step, x); });
    }

  private:
    /// See Region::plane.
    static std::size_t plane_of(const spar_threat &threat, std::span<const std::int64_t> shape) {
        if (threat.group == SPAR_GROUP_NONE) return 0;
        if (threat.group != SPAR_GROUP_PIXEL || shape.size() != 3)
            throw Error(SPAR_E_UNSUPPORTED,
                        threat.group != SPAR_GROUP_PIXEL
                            ? "the threat counts groups of a kind that this program does not know"
                            : "the threat counts pixels, which only images [channels, height, "
                              "width] have: leave \"group\" out to count values");
        return static_cast<std::size_t>(shape[1] * shape[2]);
    }
};

}  // namespace spar
