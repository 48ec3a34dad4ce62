// Normalisation: sums over the pixels of every channel, and the affine maps that follow from them.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

// Sums are in double, where products of two floats are exact, so that nothing is lost if a mean is
// large relative to the deviation. Half a block of floats fills a vector of doubles.
constexpr std::int64_t H = B / 2;
typedef float Half __attribute__((vector_size(2 * BLOCK)));
typedef double Doubles __attribute__((vector_size(4 * BLOCK), aligned(8)));

inline Half half(const float *from) {
    Half v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

/// Two sums over the pixels, for half a block.
struct Sums {
    Doubles first, second;

    void load(const double *from, std::int64_t vector) {
        first = *reinterpret_cast<const Doubles *>(from);
        second = *reinterpret_cast<const Doubles *>(from + vector);
    }
    void store(double *to, std::int64_t vector) const {
        *reinterpret_cast<Doubles *>(to) = first;
        *reinterpret_cast<Doubles *>(to + vector) = second;
    }
    /// first += v, second += v * factor
    void add(const Half &v, const Half &factor) {
        const Doubles wide = __builtin_convertvector(v, Doubles);
        first += wide;
        second += wide * __builtin_convertvector(factor, Doubles);
    }
    /// The same for the gradient before the activation.
    void add(const Half &g, const Half &y, float slope, const Half &factor) {
        const Half masked = y > 0.0F ? g : slope * g;
        add(masked, factor);
    }
};

/// Calls add(low, high, pixel) for every pixel of every block, with the sums of both halves.
template <class Add>
inline void sum_up(const Norm &n, double *sums, Add add) {
    const std::int64_t vector = n.blocks * B;
    std::int64_t i = 0;
    for (std::int64_t b = 0; b < n.blocks; ++b, sums += B) {
        Sums low, high;
        low.load(sums, vector);
        high.load(sums + H, vector);
        for (const std::int64_t end = i + n.plane * B; i < end; i += B) add(low, high, i);
        low.store(sums, vector);
        high.store(sums + H, vector);
    }
}

void moments(const Norm &n, const float *x, double *sums) {
    sum_up(n, sums, [=](Sums &low, Sums &high, std::int64_t i) {
        low.add(half(x + i), half(x + i));
        high.add(half(x + i + H), half(x + i + H));
    });
}

void normalise(const Norm &n, const float *x, const float *constants, float *y) {
    const std::int64_t vector = n.blocks * B;
    for (std::int64_t b = 0; b < n.blocks; ++b, constants += B) {
        const Vector mean = load(constants), scale = load(constants + vector);
        const Vector shift = load(constants + 2 * vector);
        for (const float *end = x + n.plane * B; x < end; x += B, y += B) {
            const Vector z = (load(x) - mean) * scale + shift;
            store(y, n.activation ? rectify(z, n.slope) : z);
        }
    }
}

inline Vector before_activation(const Norm &n, Vector g, const float *y) {
    return n.activation ? mask(g, load(y), n.slope) : g;
}

void gradient_moments(const Norm &n, const float *x, const float *y, const float *g, double *sums) {
    const float slope = n.slope;
    if (n.activation)
        sum_up(n, sums, [=](Sums &low, Sums &high, std::int64_t i) {
            low.add(half(g + i), half(y + i), slope, half(x + i));
            high.add(half(g + i + H), half(y + i + H), slope, half(x + i + H));
        });
    else
        sum_up(n, sums, [=](Sums &low, Sums &high, std::int64_t i) {
            low.add(half(g + i), half(x + i));
            high.add(half(g + i + H), half(x + i + H));
        });
}

void normalise_gradient(const Norm &n, const float *x, const float *y, const float *g,
                        const float *constants, float *dx) {
    const std::int64_t vector = n.blocks * B;
    std::int64_t i = 0;
    for (std::int64_t b = 0; b < n.blocks; ++b, constants += B) {
        const Vector mean = load(constants), a = load(constants + vector);
        const Vector slope = load(constants + 2 * vector), c = load(constants + 3 * vector);
        for (const std::int64_t end = i + n.plane * B; i < end; i += B) {
            const Vector v = before_activation(n, load(g + i), y + i);
            store(dx + i, x == nullptr ? v * a : v * a + ((load(x + i) - mean) * slope + c));
        }
    }
}

}  // namespace
}  // namespace sequential
