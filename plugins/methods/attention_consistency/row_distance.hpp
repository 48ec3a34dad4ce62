// Distances between two rows of attention, and their gradients.
#pragma once

#include <cmath>
#include <cstdint>

namespace attention_consistency {

/// The distance of rows a and b of `keys` shares; da and db become its gradients, times `factor`.
/// da and db may be a and b.
inline double squared(const float *a, const float *b, std::int64_t keys, double factor, float *da,
                      float *db) {
    double sum = 0;
    for (std::int64_t j = 0; j < keys; ++j) {
        const double gap = double{a[j]} - double{b[j]};
        sum += gap * gap;
        da[j] = static_cast<float>(2 * factor * gap);
        db[j] = static_cast<float>(-2 * factor * gap);
    }
    return sum;
}

/// KL(a || b) + KL(b || a). Shares that underflow are kept off zero.
inline double symmetric_kl(const float *a, const float *b, std::int64_t keys, double factor,
                           float *da, float *db) {
    constexpr double least = 1e-8;
    double sum = 0;
    for (std::int64_t j = 0; j < keys; ++j) {
        if (a[j] == 0 && b[j] == 0) {  // masked, or nothing on either side
            da[j] = db[j] = 0;
            continue;
        }
        const double p = a[j] + least, q = b[j] + least, log = std::log(p / q);
        sum += (p - q) * log;
        da[j] = static_cast<float>(factor * (log + 1 - q / p));
        db[j] = static_cast<float>(factor * (1 - log - p / q));
    }
    return sum;
}

}  // namespace attention_consistency
