// A convolution of few plain channels, and the gradient at its input.
#pragma once

#include "kernels_bits.hpp"

namespace sequential {
namespace {

constexpr std::int64_t P = B;  // pixels of dx computed together

// Rows of the (masked) output gradient, as many as the kernel is high, each with zero columns on
// both sides so that no tap needs a test: [kernel][blocks][columns][B].
struct Ring {
    float *rows;
    std::int64_t columns, left, kernel, blocks;

    std::int64_t slot(std::int64_t y) const {
        return static_cast<std::int64_t>(static_cast<std::uint32_t>(y) %
                                         static_cast<std::uint32_t>(kernel));
    }
    float *row(std::int64_t y) const { return rows + slot(y) * blocks * columns * B; }
};

inline std::int64_t ring_columns(const FirstConv &c) {
    return c.out_width + 2 * c.kernel + 2 * P;
}
inline std::int64_t padded_width(const FirstConv &c) {
    return c.width + 2 * c.padding;
}

std::int64_t scratch_size(const FirstConv &c) {
    const std::int64_t ring = c.kernel * c.blocks * ring_columns(c) * B;
    return ring + c.channels * (c.height + 2 * c.padding) * padded_width(c);
}

Ring make_ring(const FirstConv &c, float *scratch) {
    Ring ring{scratch, ring_columns(c), c.kernel, c.kernel, c.blocks};
    for (std::int64_t i = 0; i < c.kernel * c.blocks * ring.columns; ++i)
        store(scratch + i * B, Vector{});
    return ring;
}

// One vector's worth of pairwise sums: of `a` in its first half and of `b` in its second, or the
// same for what earlier foldings have made of them.
#define FOLD(a, b, level) \
    (__builtin_shufflevector(a, b, LOW_##level) + __builtin_shufflevector(a, b, HIGH_##level))
#if BLOCK == 16
#define LOW_1 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH_1 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW_2 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define HIGH_2 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
#define LOW_3 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29
#define HIGH_3 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31
#define LOW_4 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define HIGH_4 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#else
#define LOW_1 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH_1 4, 5, 6, 7, 12, 13, 14, 15
#define LOW_2 0, 1, 4, 5, 8, 9, 12, 13
#define HIGH_2 2, 3, 6, 7, 10, 11, 14, 15
#define LOW_3 0, 2, 4, 6, 8, 10, 12, 14
#define HIGH_3 1, 3, 5, 7, 9, 11, 13, 15
#endif

// Element i of the result is the sum of the elements of s[i].
inline Vector sum_each(const Vector *s) {
    Vector fours[P / 4];
    for (std::int64_t i = 0; i < P / 4; ++i, s += 4) {
        const Vector a = FOLD(s[0], s[1], 1), b = FOLD(s[2], s[3], 1);
        fours[i] = FOLD(a, b, 2);
    }
#if BLOCK == 16
    const Vector low = FOLD(fours[0], fours[1], 3), high = FOLD(fours[2], fours[3], 3);
    return FOLD(low, high, 4);
#else
    return FOLD(fours[0], fours[1], 3);
#endif
}

// One row of dx in one channel, from the rows of the ring. Going up a tap in the kernel goes down a
// row or a column in the gradient.
inline void gradient_row(const FirstConv &c, const Ring &ring, const float *weights, std::int64_t y,
                         float *dx) {
    const std::int64_t filter = c.blocks * B;
    const std::int64_t first_ky = (y + c.padding) % c.stride;
    const std::int64_t bottom = (y + c.padding - first_ky) / c.stride;
    for (std::int64_t phase = 0; phase < c.stride; ++phase) {
        const std::int64_t first_kx = (phase + c.padding) % c.stride;
        const std::int64_t right = ring.left + (phase + c.padding - first_kx) / c.stride;
        for (std::int64_t j = 0; phase + j * c.stride < c.width; j += P) {
            Vector sums[P] = {};
            std::int64_t row = bottom, slot = ring.slot(bottom);
            for (std::int64_t ky = first_ky; ky < c.kernel; ky += c.stride) {
                const float *g = ring.rows + slot * c.blocks * ring.columns * B;
                const bool inside = row >= 0 && row < c.out_height;
                --row;
                slot = slot == 0 ? ring.kernel - 1 : slot - 1;
                if (!inside) continue;
                std::int64_t column = right + j;
                for (std::int64_t kx = first_kx; kx < c.kernel; kx += c.stride, --column) {
                    if (column >= ring.left + c.out_width) continue;
                    for (std::int64_t b = 0; b < c.blocks; ++b) {
                        const Vector w = load(weights + (ky * c.kernel + kx) * filter + b * B);
                        const float *from = g + (b * ring.columns + column) * B;
#pragma GCC unroll 16
                        for (std::int64_t i = 0; i < P; ++i) sums[i] += w * load(from + i * B);
                    }
                }
            }
            const Vector values = sum_each(sums);
            if (c.stride == 1 && j + P <= c.width)
                store(dx + j, values);
            else
                for (std::int64_t i = 0; i < P && phase + (j + i) * c.stride < c.width; ++i)
                    dx[phase + (j + i) * c.stride] = values[i];
        }
    }
}

// All rows of dx; `fill(row)` puts a row of the masked gradient into the ring, in rising order.
template <class Fill>
inline void gradient_rows(const FirstConv &c, const Ring &ring, const float *weights, float *dx,
                          Fill fill) {
    std::int64_t filled = 0;
    for (std::int64_t y = 0; y < c.height; ++y) {
        for (; filled < c.out_height && filled * c.stride <= y + c.padding; ++filled) fill(filled);
        for (std::int64_t channel = 0; channel < c.channels; ++channel)
            gradient_row(c, ring, weights + channel * c.kernel * c.kernel * c.blocks * B, y,
                         dx + (channel * c.height + y) * c.width);
    }
}

void conv_gradient(const FirstConv &c, const float *weights, const float *g, const Signs *signs,
                   float *scratch, float *dx) {
    const Ring ring = make_ring(c, scratch);
    const std::int64_t plane = c.out_height * c.out_width * B;
    gradient_rows(c, ring, weights, dx, [&](std::int64_t row) {
        for (std::int64_t b = 0; b < c.blocks; ++b) {
            float *to = ring.row(row) + (b * ring.columns + ring.left) * B;
            const std::int64_t from = b * plane + row * c.out_width * B;
            for (std::int64_t i = 0; i < c.out_width * B; i += B) {
                store(to + i, load(g + from + i));
                if (signs != nullptr)
                    store(to + i, rectify_by(signs[(from + i) / B], c.slope, load(to + i)));
            }
        }
    });
}

// The image with its padding.
inline const float *pad(const FirstConv &c, const float *x, float *padded) {
    const std::int64_t line = padded_width(c), height = c.height + 2 * c.padding;
    for (std::int64_t i = 0; i < c.channels * height * line; ++i) padded[i] = 0.0F;
    for (std::int64_t channel = 0; channel < c.channels; ++channel)
        for (std::int64_t y = 0; y < c.height; ++y)
            for (std::int64_t i = 0; i < c.width; ++i)
                padded[(channel * height + y + c.padding) * line + c.padding + i] =
                    x[(channel * c.height + y) * c.width + i];
    return padded;
}

// A tile of neighbouring pixels of a row of the forward pass, before the activation: put(block,
// column, z) for every vector of it.
template <int Blocks, int Pixels, class Put>
void forward_tile(const FirstConv &c, const float *weights, const float *bias, const float *padded,
                  std::int64_t column, std::int64_t first, const Put &put) {
    Vector z[Blocks][Pixels];
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int i = 0; i < Pixels; ++i) z[b][i] = load(bias + (first + b) * B);
    const std::int64_t line = padded_width(c), height = c.height + 2 * c.padding;
    const float *w = weights + first * B;
    for (std::int64_t channel = 0; channel < c.channels; ++channel)
        for (std::int64_t ky = 0; ky < c.kernel; ++ky) {
            const float *from = padded + (channel * height + ky) * line + column * c.stride;
            for (std::int64_t kx = 0; kx < c.kernel; ++kx, ++from, w += c.blocks * B) {
#pragma GCC unroll 16
                for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
                    for (int b = 0; b < Blocks; ++b)
                        z[b][i] += load(w + b * B) * from[i * c.stride];
            }
        }
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int i = 0; i < Pixels; ++i) put(first + b, column + i, z[b][i]);
}

template <int Blocks, int Pixels = tile_size, class Put, class... Rest>
void forward_tile_of(std::int64_t pixels, const Put &put, const Rest &...rest) {
    if constexpr (Pixels > 1)
        if (pixels < Pixels) return forward_tile_of<Blocks, Pixels - 1>(pixels, put, rest...);
    forward_tile<Blocks, Pixels>(rest..., put);
}

// A row of the forward pass in all blocks of channels, in tiles as even as may be.
template <class Put>
void forward_row(const FirstConv &c, const float *weights, const float *bias, const float *padded,
                 std::int64_t row, const Put &put) {
    const float *from = padded + row * c.stride * padded_width(c);
    const std::int64_t tiles = (c.out_width + tile_size - 1) / tile_size;
    for (std::int64_t b = 0; b < c.blocks; b += 2)
        for (std::int64_t t = 0; t < tiles; ++t) {
            const std::int64_t column = t * c.out_width / tiles;
            const std::int64_t pixels = (t + 1) * c.out_width / tiles - column;
            if (b + 1 < c.blocks)
                forward_tile_of<2>(pixels, put, c, weights, bias, from, column, b);
            else
                forward_tile_of<1>(pixels, put, c, weights, bias, from, column, b);
        }
}

void first_conv(const FirstConv &c, const float *weights, const float *bias, const float *x,
                float *scratch, float *y, Signs *signs) {
    const float *padded = pad(c, x, scratch);
    for (std::int64_t row = 0; row < c.out_height; ++row)
        forward_row(
            c, weights, bias, padded, row, [&](std::int64_t block, std::int64_t column, Vector z) {
                const std::int64_t to = ((block * c.out_height + row) * c.out_width + column) * B;
                if (signs != nullptr) signs[to / B] = signs_of(z);
                if (c.activation)
                    store(y + to, rectify(z, c.slope));
                else
                    store(y + to, z);
            });
}

}  // namespace
}  // namespace sequential
