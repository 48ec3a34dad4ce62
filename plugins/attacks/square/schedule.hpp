// How large the squares are: their share of the image falls as queries are spent.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace square {

/// Share of the image at an iteration: p, halved after 10, 50, 200, 500, 1000, 2000, 4000, 6000 and
/// 8000 of 10,000 iterations.
inline double share(double p, std::int64_t iteration) {
    for (const std::int64_t end : {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000})
        if (iteration > end) p /= 2;
    return p;
}

/// Side of a square with this share of an image.
inline std::int64_t side(double share, std::int64_t pixels) {
    return std::max<std::int64_t>(std::llround(std::sqrt(share * static_cast<double>(pixels))), 1);
}

}  // namespace square
