#pragma once

#include <cmath>
#include <span>

/// x_adv += step g / length; nothing where there is no length to divide by.
inline void add_step(std::span<const float> g, double step, double length, std::span<float> x_adv) {
    const double scale = length > 0 && std::isfinite(length) ? step / length : 0;
    for (std::size_t i = 0; i < g.size(); ++i)
        x_adv[i] = static_cast<float>(x_adv[i] + scale * g[i]);
}
