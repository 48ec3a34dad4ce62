// Normalisation: sums over the pixels of every channel, and the affine maps that follow from them.
#pragma once

#include "kernels_vector.hpp"

namespace sequential {
namespace {

// Products of two floats are exact in double, so that sums lose nothing where a mean is large
// beside the deviation.
typedef double Doubles __attribute__((vector_size(8 * BLOCK), aligned(8)));

inline Doubles &at(double *p) {
    return *reinterpret_cast<Doubles *>(p);
}

inline void widen(const Vector &v, Doubles &to) {
    to = __builtin_convertvector(v, Doubles);
}

void moments(const Norm &n, const float *x, double *sums) {
    for (std::int64_t b = 0; b < n.blocks; ++b) {
        Doubles sum = at(sums + b * B), squares = at(sums + (n.blocks + b) * B);
        for (const float *end = x + n.plane * B; x < end; x += B) {
            Doubles v;
            widen(at(x), v);
            sum += v;
            squares += v * v;
        }
        at(sums + b * B) = sum;
        at(sums + (n.blocks + b) * B) = squares;
    }
}

void normalise(const Norm &n, const float *x, const float *constants, float *y) {
    const std::int64_t vector = n.blocks * B;
    for (std::int64_t b = 0; b < n.blocks; ++b, constants += B) {
        const Vector mean = at(constants), scale = at(constants + vector);
        const Vector shift = at(constants + 2 * vector);
        for (const float *end = x + n.plane * B; x < end; x += B, y += B) {
            const Vector z = (at(x) - mean) * scale + shift;
            if (n.activation)
                mask(z, z, n.slope, at(y));
            else
                at(y) = z;
        }
    }
}

inline void before_activation(const Norm &n, const Vector &g, const float *y, Vector &to) {
    if (n.activation)
        mask(g, at(y), n.slope, to);
    else
        to = g;
}

void gradient_moments(const Norm &n, const float *x, const float *y, const float *g, double *sums) {
    std::int64_t i = 0;
    for (std::int64_t b = 0; b < n.blocks; ++b) {
        Doubles sum = at(sums + b * B), products = at(sums + (n.blocks + b) * B);
        for (const std::int64_t end = i + n.plane * B; i < end; i += B) {
            Vector v;
            Doubles wide, point;
            before_activation(n, at(g + i), y + i, v);
            widen(v, wide);
            widen(at(x + i), point);
            sum += wide;
            products += wide * point;
        }
        at(sums + b * B) = sum;
        at(sums + (n.blocks + b) * B) = products;
    }
}

void normalise_gradient(const Norm &n, const float *x, const float *y, const float *g,
                        const float *constants, float *dx) {
    const std::int64_t vector = n.blocks * B;
    std::int64_t i = 0;
    for (std::int64_t b = 0; b < n.blocks; ++b, constants += B) {
        const Vector mean = at(constants), a = at(constants + vector);
        const Vector slope = at(constants + 2 * vector), c = at(constants + 3 * vector);
        for (const std::int64_t end = i + n.plane * B; i < end; i += B) {
            Vector v;
            before_activation(n, at(g + i), y + i, v);
            at(dx + i) = x == nullptr ? v * a : v * a + ((at(x + i) - mean) * slope + c);
        }
    }
}

}  // namespace
}  // namespace sequential
