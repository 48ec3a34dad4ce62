// The shortest way from a point in a box to a hyperplane, inside the box, in each norm: the
// projection of FAB (Croce and Hein 2020, Minimally distorted adversarial examples), and DeepFool's
// step if the box stops coordinates.
#pragma once

#include <spar/geometry.hpp>

namespace SPAR_HIDDEN spar {

/// A point t, the normal w of the hyperplane, and how far <w, move> must go: `need`.
struct Crossing {
    const Ball &ball;
    std::span<const float> t, w;
    double need;

    double way() const { return need < 0 ? -1.0 : 1.0; }
    /// The direction in which coordinate i moves, and its room.
    double sign(std::size_t i) const { return w[i] > 0 ? way() : w[i] < 0 ? -way() : 0.0; }
    double room(std::size_t i) const {
        const double s = sign(i);
        const double wall = s > 0 ? double{ball.upper} - t[i] : double{t[i]} - ball.lower;
        return s == 0 ? 0 : std::max(wall, 0.0);
    }
    double weight(std::size_t i) const { return std::fabs(double{w[i]}); }
};

/// linf and l2: every coordinate moves by `amount` (times its weight under l2), limited by its
/// room. The distance covered is piecewise linear in the amount, so Newton's method in a shrinking
/// interval ends exactly.
inline void move_evenly(const Crossing &c, std::span<float> move) {
    const bool weighted = c.ball.norm == SPAR_NORM_L2;
    const auto pace = [&](std::size_t i) { return weighted ? c.weight(i) : 1.0; };
    const auto length = [&](std::size_t i, double amount) {
        return std::min(amount * pace(i), c.room(i));
    };
    const double need = std::fabs(c.need);
    double amount = 0, low = 0, high = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 200; ++round) {
        const double missing = need - sum_of(c.w.size(), [&](std::size_t i) {
                                   return c.weight(i) * length(i, amount);
                               });
        if (std::fabs(missing) <= 1e-12 * need) break;
        (missing > 0 ? low : high) = amount;
        const double slope = sum_of(c.w.size(), [&](std::size_t i) {
            const bool free = amount * pace(i) < c.room(i);
            return free ? c.weight(i) * pace(i) : 0.0;
        });
        if (slope == 0 && missing > 0) break;  // out of reach: all the way to the corner
        const double newton = amount + missing / slope;
        const double middle = low + (high - low) / 2;
        const double next = newton > low && newton < high ? newton : middle;
        if (!std::isfinite(next) || next <= low || next >= high) break;
        amount = next;
    }
    for (std::size_t i = 0; i < move.size(); ++i)
        move[i] = static_cast<float>(c.sign(i) * length(i, amount));
}

/// l1: coordinates of large weight move first, each to its wall, until the plane is reached.
inline void move_greedily(const Crossing &c, std::span<float> move) {
    const double need = std::fabs(c.need);
    const auto gain = [&](std::uint32_t threshold) {
        return sum_of(c.w.size(), [&](std::size_t i) {
            return l1::rank_of(c.w[i]) >= threshold ? c.weight(i) * c.room(i) : 0.0;
        });
    };
    std::uint32_t low = 1, high = 0x7F800000U;  // the smallest threshold that does not overshoot
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        if (gain(middle) <= need)
            high = middle;
        else
            low = middle + 1;
    }
    double missing = need - gain(low);
    for (std::size_t i = 0; i < move.size(); ++i) {
        const std::uint32_t rank = l1::rank_of(c.w[i]);
        double length = rank >= low && rank > 0 ? c.room(i) : 0.0;
        if (rank > 0 && rank + 1 == low && missing > 0) {
            length = std::min(c.room(i), missing / c.weight(i));
            missing -= length * c.weight(i);
        }
        move[i] = static_cast<float>(c.sign(i) * length);
    }
}

/// Fills `move`. If the hyperplane misses the box, the move goes as far as the box allows.
inline void cross(const Crossing &c, std::span<float> move) {
    if (c.need == 0 || !std::isfinite(c.need))
        std::fill(move.begin(), move.end(), 0.0F);
    else if (c.ball.norm == SPAR_NORM_L1)
        move_greedily(c, move);
    else if (c.ball.norm == SPAR_NORM_LINF || c.ball.norm == SPAR_NORM_L2)
        move_evenly(c, move);
    else
        throw Error(SPAR_E_UNSUPPORTED,
                    std::string("no shortest way to a hyperplane is known under ") +
                        norms::word(c.ball.norm));
}

}  // namespace spar
