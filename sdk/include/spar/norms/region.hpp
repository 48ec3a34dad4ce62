// What every norm is given: how far a point may move, the box that it must stay in, and which
// values count as one.
#pragma once

#include <spar/abi.h>
#include <spar/math.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

namespace SPAR_HIDDEN spar {

/// A ball and a box without the norm. A norm is a struct of static functions, one file in
/// spar/norms/, that take a region first; spar/norms.hpp lists them.
struct Region {
    float eps = 0, lower = 0, upper = 0;
    /// Under l0: value i belongs to group i modulo `plane`. 0: every value is its own group.
    std::size_t plane = 0;
    /// Values of a token, if every token has a ball of its own. 0: the ball is the example's. A
    /// norm never sees it: it is given one token at a time.
    std::size_t token = 0;

    float clamped(float value) const {
        const float raised = value > lower ? value : lower;
        return raised < upper ? raised : upper;
    }
    /// The nearest point of the box.
    void clamp(std::span<float> x) const {
        for (float &value : x) value = clamped(value);
    }
};

namespace norms {

inline float sign(float value) {
    return static_cast<float>(static_cast<int>(value > 0) - static_cast<int>(value < 0));
}

/// The factor that scales a vector of this length to length 1; 0 if it has no direction.
inline double inverse(double length) {
    return length > 0 && std::isfinite(length) ? 1 / length : 0;
}

/// How far the host lets a point go under a norm that measures distance: float32 rounding may carry
/// a projected point this far out of the ball.
inline double with_rounding(const Region &r) {
    return static_cast<double>(r.eps) * (1 + 1e-5) + 1e-7;
}

/// Moves x to the nearest point of the ball of this radius by `onto`(radius), then to that of the
/// box. Rounding may leave a point slightly outside; within this margin it is left unchanged.
template <class Norm, class Onto>
void project_by(const Region &r, std::span<const float> center, std::span<float> x, Onto &&onto) {
    const double limit = double{r.eps} * (1 + 1e-6);
    double margin = 0;
    for (int attempt = 0; attempt < 12; ++attempt) {
        const double length = Norm::distance(r, center, x);
        if (length <= limit) return r.clamp(x);
        if (!std::isfinite(length)) break;
        onto(r.eps * (1 - margin));
        r.clamp(x);
        margin = margin == 0 ? 1e-6 : 4 * margin;
    }
    if (!(Norm::distance(r, center, x) <= limit))
        std::copy(center.begin(), center.end(), x.begin());
}

}  // namespace norms
}  // namespace spar
