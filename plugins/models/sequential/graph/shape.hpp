// Shapes of one example, and the errors of layers that one does not fit.
#pragma once

#include <spar/tensor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sequential {

using Shape = std::vector<std::int64_t>;

/// More values than this in one example's activation, or in one parameter, count as a mistake.
constexpr std::int64_t largest_volume = std::int64_t{1} << 28;

/// The number of values; throws if it overflows or is absurd.
inline std::int64_t volume(const Shape &shape) {
    const std::int64_t total = spar::product(shape);
    if (total < 1 || total > largest_volume)
        throw spar::invalid("a tensor of shape " + spar::shape_text(shape) + " has " +
                            std::to_string(total) + " values; from 1 to " +
                            std::to_string(largest_volume) + " are possible");
    return total;
}

inline std::int64_t round_up(std::int64_t value, std::int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

}  // namespace sequential
