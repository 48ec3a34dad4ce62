#pragma once

#include <spar/array.hpp>

/// x_adv += step g / length; nothing if the length is zero or not finite.
inline void add_step(std::span<const float> g, double step, double length, std::span<float> x_adv) {
    const double scale = length > 0 && std::isfinite(length) ? step / length : 0;
    spar::array(x_adv) = (spar::doubles(x_adv) + scale * spar::doubles(g)).cast<float>();
}
