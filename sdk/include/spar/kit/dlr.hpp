// The difference of logits ratio (Croce and Hein 2020), for the loss and for attacks on a target.
#pragma once

#include <spar/error.hpp>
#include <spar/math.hpp>

#include <array>

namespace SPAR_HIDDEN spar {

/// Indices of the N largest of at least N values, in descending order; equal values in order of
/// index.
template <std::size_t N>
std::array<std::size_t, N> largest_indices(std::span<const float> z) {
    if (z.size() < N)
        throw invalid("the difference of logits ratio needs a model with " + std::to_string(N) +
                      " outputs or more, and this one has " + std::to_string(z.size()));
    std::array<std::size_t, N> top{};
    std::size_t found = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        std::size_t place = found;
        while (place > 0 && z[i] > z[top[place - 1]]) --place;
        if (place >= N) continue;
        for (std::size_t j = std::min(found, N - 1); j > place; --j) top[j] = top[j - 1];
        top[place] = i;
        found = std::min(found + 1, N);
    }
    return top;
}

/// -(z_y - max_{i != y} z_i) / (z_(1) - z_(3) + 1e-12), and its gradient if wanted.
inline double dlr(std::span<const float> z, std::int64_t label, std::span<float> gradient) {
    const auto top = largest_indices<3>(z);
    const auto own = static_cast<std::size_t>(label);
    const std::size_t other = top[0] == own ? top[1] : top[0];
    const double spread = double{z[top[0]]} - double{z[top[2]]} + 1e-12;
    const double value = (double{z[other]} - double{z[own]}) / spread;
    if (gradient.empty()) return value;
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    const auto add = [&](std::size_t i, double slope) {
        gradient[i] += static_cast<float>(slope / spread);
    };
    add(other, 1);
    add(own, -1);
    add(top[0], -value);
    add(top[2], value);
    return value;
}

/// -(z_y - z_t) / (z_(1) - (z_(3) + z_(4)) / 2 + 1e-12), and its gradient if wanted.
inline double targeted_dlr(std::span<const float> z, std::int64_t label, std::int64_t target,
                           std::span<float> gradient) {
    const auto top = largest_indices<4>(z);
    const auto own = static_cast<std::size_t>(label), aim = static_cast<std::size_t>(target);
    const double spread = double{z[top[0]]} - (double{z[top[2]]} + double{z[top[3]]}) / 2 + 1e-12;
    const double value = (double{z[aim]} - double{z[own]}) / spread;
    if (gradient.empty()) return value;
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    const auto add = [&](std::size_t i, double slope) {
        gradient[i] += static_cast<float>(slope / spread);
    };
    add(aim, 1);
    add(own, -1);
    add(top[0], -value);
    add(top[2], value / 2);
    add(top[3], value / 2);
    return value;
}

}  // namespace spar
