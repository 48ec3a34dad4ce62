// The threat model as a value: a ball of some norm inside a box, and what attacks do in it.
//
// Rounding. The host accepts x_adv if its distance is at most limit(), which the norm says: eps,
// with a little room where distances are rounded, and if it lies exactly inside the box (bounds
// rounded to float). What project() returns satisfies both, even if neighbouring floats are further
// apart than eps; x itself must lie in the box.
#pragma once

#include <spar/norms.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// ||x_adv - x|| <= eps in `norm`, and lower <= x_adv <= upper. All functions work on one example;
/// the norm's file in spar/norms/ says what they mean under it. If the threat gives every token a
/// ball of its own, they work on one token after another.
struct Ball : Region {
    spar_norm norm;

    /// `shape` is an example's; needed if the threat has groups of values.
    explicit Ball(const spar_threat &threat, std::span<const std::int64_t> shape = {})
        : norm(threat.norm) {
        eps = static_cast<float>(threat.eps);
        lower = static_cast<float>(threat.lower);
        upper = static_cast<float>(threat.upper);
        plane = plane_of(threat, shape);
        token = token_of(threat, shape);
    }

    /// The same ball without the box.
    Ball without_box() const {
        Ball ball = *this;
        ball.lower = -std::numeric_limits<float>::infinity();
        ball.upper = std::numeric_limits<float>::infinity();
        return ball;
    }

    /// Calls work(first, count) for the values of every ball: for those of each token, or for all
    /// `size` at once.
    template <class Work>
    void for_each(std::size_t size, Work &&work) const {
        if (token == 0) return work(std::size_t{0}, size);
        for (std::size_t first = 0; first < size; first += token) work(first, token);
    }

    /// ||a - b||, accumulated in double; the largest of any token. NaN if a or b contains one.
    double distance(std::span<const float> a, std::span<const float> b) const {
        return norms::of(norm, [&](auto n) {
            double most = 0;
            for_each(a.size(), [&](std::size_t first, std::size_t count) {
                const double d =
                    n.distance(*this, a.subspan(first, count), b.subspan(first, count));
                if (!(d <= most) && !std::isnan(most)) most = d;
            });
            return most;
        });
    }
    /// ||a||; the largest of any token.
    double length(std::span<const float> a) const {
        return norms::of(norm, [&](auto n) {
            double most = 0;
            for_each(a.size(), [&](std::size_t first, std::size_t count) {
                const double l = n.length(*this, a.subspan(first, count));
                if (!(l <= most) && !std::isnan(most)) most = l;
            });
            return most;
        });
    }
    /// ||a|| in the dual norm: how fast a linear function with this gradient can increase; the sum
    /// over the tokens, which all move.
    double dual(std::span<const float> gradient) const {
        return norms::of(norm, [&](auto n) {
            double total = 0;
            for_each(gradient.size(), [&](std::size_t first, std::size_t count) {
                total += n.dual(*this, gradient.subspan(first, count));
            });
            return total;
        });
    }
    /// The largest distance that the host accepts.
    double limit() const {
        return norms::of(norm, [&](auto n) { return n.limit(*this); });
    }
    /// The largest distance between two points of the box, for examples of `size` values.
    double diameter(std::size_t size) const {
        return norms::of(norm, [&](auto n) { return n.diameter(*this, token > 0 ? token : size); });
    }
    /// The length of a step that crosses the whole box.
    double longest_step(std::size_t size) const {
        return norms::of(norm,
                         [&](auto n) { return n.longest_step(*this, token > 0 ? token : size); });
    }

    /// Moves x into ball and box around `center`. linf, l1 and l0: to the nearest point of both;
    /// l2: to the nearest point of the ball, then of the box.
    void project(std::span<const float> center, std::span<float> x) const {
        norms::of(norm, [&](auto n) {
            for_each(x.size(), [&](std::size_t first, std::size_t count) {
                n.project(*this, center.subspan(first, count), x.subspan(first, count));
            });
        });
    }
    /// A uniform point of the ball around `center`, then projected. l0: eps values, or groups,
    /// become uniform in the box.
    void random_point(std::span<const float> center, Random random, std::span<float> x) const {
        norms::of(norm, [&](auto n) {
            for_each(x.size(), [&](std::size_t first, std::size_t count) {
                n.random_point(*this, center.subspan(first, count),
                               token > 0 ? random.part(first / token) : random,
                               x.subspan(first, count));
            });
        });
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
        norms::of(norm, [&](auto n) {
            for_each(gradient.size(), [&](std::size_t first, std::size_t count) {
                n.steepest(*this, gradient.subspan(first, count), direction.subspan(first, count));
            });
        });
    }
    /// x moves by `step` in the steepest direction and is projected. Under l1, entries stopped by
    /// the box leave their share to others.
    void ascend(std::span<const float> center, std::span<const float> gradient, float step,
                std::span<float> x) const {
        norms::of(norm, [&](auto n) {
            for_each(x.size(), [&](std::size_t first, std::size_t count) {
                n.ascend(*this, center.subspan(first, count), gradient.subspan(first, count), step,
                         x.subspan(first, count));
            });
        });
    }

  private:
    /// See Region::plane.
    static std::size_t plane_of(const spar_threat &threat, std::span<const std::int64_t> shape) {
        if (threat.group == SPAR_GROUP_NONE || threat.group == SPAR_GROUP_TOKEN) return 0;
        if (threat.group != SPAR_GROUP_PIXEL || shape.size() != 3)
            throw Error(SPAR_E_UNSUPPORTED,
                        threat.group != SPAR_GROUP_PIXEL
                            ? "the threat counts groups of a kind that this program does not know"
                            : "the threat counts pixels, which only images [channels, height, "
                              "width] have: leave \"group\" out to count values");
        return static_cast<std::size_t>(shape[1] * shape[2]);
    }
    /// See Region::token.
    static std::size_t token_of(const spar_threat &threat, std::span<const std::int64_t> shape) {
        if (threat.group != SPAR_GROUP_TOKEN) return 0;
        if (threat.norm == SPAR_NORM_L0 || shape.size() != 2)
            throw Error(SPAR_E_UNSUPPORTED,
                        threat.norm == SPAR_NORM_L0
                            ? "tokens are not counted: under l0 leave \"group\" out, or take pixels"
                            : "the threat gives every token a ball of its own, and only texts "
                              "[length, width] have tokens: leave \"group\" out");
        return static_cast<std::size_t>(shape[1]);
    }
};

}  // namespace spar
