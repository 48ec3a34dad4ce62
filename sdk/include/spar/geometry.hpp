// The threat model as a value: a ball of some norm inside a box, and what attacks do in it.
#pragma once

#include <spar/philox.hpp>
#include <spar/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace spar {

/// ||x_adv - x|| <= eps in `norm`, and lower <= x_adv <= upper. All functions work on one example.
struct Ball {
    spar_norm norm;
    float eps, lower, upper;

    explicit Ball(const spar_threat &threat)
        : norm(threat.norm),
          eps(static_cast<float>(threat.eps)),
          lower(static_cast<float>(threat.lower)),
          upper(static_cast<float>(threat.upper)) {}

    /// ||a - b||, accumulated in double.
    double distance(std::span<const float> a, std::span<const float> b) const;
    /// The nearest point of ball and box around `center` (for l1: of the ball, then of the box).
    void project(std::span<const float> center, std::span<float> x) const;
    /// A point uniform in the ball around `center`, then clamped to the box.
    void random_point(std::span<const float> center, Random random, std::span<float> x) const;
    /// The direction of norm 1 in which a linear function with this gradient grows fastest.
    /// sign(0) = 0; a zero gradient gives a zero direction.
    void steepest(std::span<const float> gradient, std::span<float> direction) const;
};

}  // namespace spar
