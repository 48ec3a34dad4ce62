#pragma once

#include <spar/array.hpp>
#include <spar/geometry.hpp>

/// x_adv += step g / |g|, or step g without `normalize`. |g| is the length in the threat's norm: of
/// the example, or of each token if each has a ball of its own. Nothing moves where it is zero or
/// not finite.
inline void add_step(const spar::Ball &ball, std::span<const float> g, double step, bool normalize,
                     std::span<float> x_adv) {
    ball.for_each(g.size(), [&](std::size_t first, std::size_t count) {
        const std::span<const float> part = g.subspan(first, count);
        const double length = normalize ? ball.length(part) : 1;
        const double scale = length > 0 && std::isfinite(length) ? step / length : 0;
        const std::span<float> x = x_adv.subspan(first, count);
        spar::array(x) = (spar::doubles(x) + scale * spar::doubles(part)).cast<float>();
    });
}
