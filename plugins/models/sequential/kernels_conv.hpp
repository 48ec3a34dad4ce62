// A convolution of few plain channels, and its gradients.
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

// Where a gradient's row and column meet the first tap that reaches them; stepped on from one pixel
// to the next, for divisions cost more than the arithmetic between them.
struct Reach {
    std::int64_t tap, from;  // the tap, and the furthest row or column of the gradient

    explicit Reach(const FirstConv &c) : tap(c.padding % c.stride), from(c.padding / c.stride) {}
    void advance(const FirstConv &c) {
        if (++tap < c.stride) return;
        tap = 0;
        ++from;
    }
};

// One row of dx in one channel, from the rows of the ring. Going up a tap in the kernel goes down a
// row or a column in the gradient.
inline void gradient_row(const FirstConv &c, const Ring &ring, const float *weights, Reach bottom,
                         float *dx) {
    const std::int64_t filter = c.blocks * B, bottom_slot = ring.slot(bottom.from);
    Reach right(c);
    for (std::int64_t phase = 0; phase < c.stride; ++phase, right.advance(c)) {
        for (std::int64_t j = 0; phase + j * c.stride < c.width; j += P) {
            Vector sums[P] = {};
            std::int64_t row = bottom.from, slot = bottom_slot;
            for (std::int64_t ky = bottom.tap; ky < c.kernel; ky += c.stride) {
                const float *g = ring.rows + slot * c.blocks * ring.columns * B;
                const bool inside = row >= 0 && row < c.out_height;
                --row;
                slot = slot == 0 ? ring.kernel - 1 : slot - 1;
                if (!inside) continue;
                std::int64_t column = ring.left + right.from + j;
                for (std::int64_t kx = right.tap; kx < c.kernel; kx += c.stride, --column) {
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

void conv_gradient(const FirstConv &c, const float *weights, const float *g, const Signs *signs,
                   float *scratch, float *dx) {
    const Ring ring = make_ring(c, scratch);
    const std::int64_t plane = c.out_height * c.out_width;
    const float slope = c.slope;
    std::int64_t filled = 0;
    const auto fill = [&] {
        for (std::int64_t b = 0; b < c.blocks; ++b) {
            float *to = ring.row(filled) + (b * ring.columns + ring.left) * B;
            const std::int64_t from = b * plane + filled * c.out_width;
            for (std::int64_t i = 0; i < c.out_width; ++i) {
                const Vector v = load(g + (from + i) * B);
                store(to + i * B, signs != nullptr ? rectify_by(signs[from + i], slope, v) : v);
            }
        }
    };
    Reach bottom(c);
    for (std::int64_t y = 0; y < c.height; ++y, bottom.advance(c)) {
        for (; filled < c.out_height && filled <= bottom.from; ++filled) fill();
        for (std::int64_t channel = 0; channel < c.channels; ++channel)
            gradient_row(c, ring, weights + channel * c.kernel * c.kernel * c.blocks * B, bottom,
                         dx + (channel * c.height + y) * c.width);
    }
}

// The image with its padding.
inline const float *pad(const FirstConv &c, const float *__restrict x, float *__restrict padded) {
    if (c.padding == 0) return x;
    const std::int64_t line = padded_width(c), height = c.height + 2 * c.padding;
    for (std::int64_t i = 0; i < c.channels * height * line; ++i) padded[i] = 0.0F;
    for (std::int64_t channel = 0; channel < c.channels; ++channel)
        for (std::int64_t y = 0; y < c.height; ++y)
            for (std::int64_t i = 0; i < c.width; ++i)
                padded[(channel * height + y + c.padding) * line + c.padding + i] =
                    x[(channel * c.height + y) * c.width + i];
    return padded;
}

// A tile of neighbouring pixels of a row of the forward pass: y and signs (null: not wanted) at its
// first vector, blocks `plane` vectors apart.
template <int Blocks, int Pixels>
void forward_tile(const FirstConv &c, const float *weights, const float *bias, const float *from,
                  float *y, Signs *signs) {
    Vector z[Blocks][Pixels];
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int i = 0; i < Pixels; ++i) z[b][i] = load(bias + b * B);
    const std::int64_t line = padded_width(c), height = c.height + 2 * c.padding;
    const std::int64_t filter = c.blocks * B, stride = c.stride;
    for (std::int64_t channel = 0; channel < c.channels; ++channel)
        for (std::int64_t ky = 0; ky < c.kernel; ++ky) {
            const float *row = from + (channel * height + ky) * line;
            for (std::int64_t kx = 0; kx < c.kernel; ++kx, ++row, weights += filter) {
#pragma GCC unroll 16
                for (int i = 0; i < Pixels; ++i)
#pragma GCC unroll 2
                    for (int b = 0; b < Blocks; ++b)
                        z[b][i] += load(weights + b * B) * row[i * stride];
            }
        }
    const std::int64_t plane = c.out_height * c.out_width;
    const float slope = c.slope;
    const bool wanted = signs != nullptr;
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int i = 0; i < Pixels; ++i) {
            const Signs above = signs_of(z[b][i]);
            store(y + (b * plane + i) * B, rectify_by(above, slope, z[b][i]));
            if (wanted) signs[b * plane + i] = above;
        }
}

template <int Blocks, int Pixels = tile_size>
void forward_tile_of(std::int64_t pixels, const FirstConv &c, const float *weights,
                     const float *bias, const float *from, float *y, Signs *signs) {
    if constexpr (Pixels > 1)
        if (pixels < Pixels)
            return forward_tile_of<Blocks, Pixels - 1>(pixels, c, weights, bias, from, y, signs);
    forward_tile<Blocks, Pixels>(c, weights, bias, from, y, signs);
}

// Rows in tiles as even as may be.
void first_conv(const FirstConv &c, const float *weights, const float *bias, const float *x,
                float *scratch, float *y, Signs *signs) {
    const float *padded = pad(c, x, scratch);
    const std::int64_t tiles = (c.out_width + tile_size - 1) / tile_size;
    const std::int64_t pixels = c.out_width / tiles, wider = c.out_width % tiles;
    for (std::int64_t row = 0; row < c.out_height; ++row)
        for (std::int64_t b = 0; b < c.blocks; b += 2) {
            const float *from = padded + row * c.stride * padded_width(c);
            std::int64_t to = (b * c.out_height + row) * c.out_width;
            for (std::int64_t t = 0, count = 0; t < tiles; ++t, to += count) {
                count = pixels + (t < wider ? 1 : 0);
                const bool two = b + 1 < c.blocks;
                (two ? forward_tile_of<2>
                     : forward_tile_of<1>)(count, c, weights + b * B, bias + b * B, from,
                                           y + to * B, signs != nullptr ? signs + to : nullptr);
                from += count * c.stride;
            }
        }
}

// Adds to the sums of some taps, `apart` floats from one to the next, what the products of their
// pixels with the gradient of one or two blocks give. `taps`: the image seen from each.
template <int Blocks, int Taps>
void tap_sums(const FirstConv &c, const float *const *taps, const float *g, std::int64_t apart,
              float *sums) {
    Vector sum[Taps][Blocks];
    const float *from[Taps];
#pragma GCC unroll 12
    for (int t = 0; t < Taps; ++t) {
        from[t] = taps[t];
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) sum[t][b] = load(sums + t * apart + b * B);
    }
    const std::int64_t plane = c.out_height * c.out_width * B, stride = c.stride;
    const std::int64_t next = (padded_width(c) - c.out_width) * stride;
    for (std::int64_t row = 0, at = 0; row < c.out_height; ++row, at += next)
        for (std::int64_t column = 0; column < c.out_width; ++column, at += stride, g += B) {
            Vector d[Blocks];
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) d[b] = load(g + b * plane);
#pragma GCC unroll 12
            for (int t = 0; t < Taps; ++t)
#pragma GCC unroll 2
                for (int b = 0; b < Blocks; ++b) sum[t][b] += d[b] * from[t][at];
        }
#pragma GCC unroll 12
    for (int t = 0; t < Taps; ++t)
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) store(sums + t * apart + b * B, sum[t][b]);
}

template <int Blocks, int Taps = tile_size>
void tap_sums_of(std::int64_t count, const FirstConv &c, const float *const *taps, const float *g,
                 std::int64_t apart, float *sums) {
    if constexpr (Taps > 1)
        if (count < Taps) return tap_sums_of<Blocks, Taps - 1>(count, c, taps, g, apart, sums);
    tap_sums<Blocks, Taps>(c, taps, g, apart, sums);
}

void first_conv_weights(const FirstConv &c, const float *x, const float *g, float *scratch,
                        float *sums, float *bias) {
    const float *padded = pad(c, x, scratch);
    const std::int64_t filter = c.blocks * B, plane = c.out_height * c.out_width * B;
    const float *taps[tile_size];
    std::int64_t count = 0, channel = 0, ky = 0, kx = 0;
    for (bool more = true; more; sums += count * filter) {
        for (count = 0; more && count < tile_size; ++count) {
            const std::int64_t row = channel * (c.height + 2 * c.padding) + ky;
            taps[count] = padded + row * padded_width(c) + kx;
            if (++kx == c.kernel) kx = 0, ++ky;
            if (ky == c.kernel) ky = 0, ++channel;
            more = channel < c.channels;
        }
        for (std::int64_t b = 0; b < c.blocks; b += 2)
            (b + 1 < c.blocks ? tap_sums_of<2> : tap_sums_of<1>)(count, c, taps, g + b * plane,
                                                                 filter, sums + b * B);
    }
    for (std::int64_t b = 0; b < c.blocks; ++b) {
        Vector sum = load(bias + b * B);
        for (std::int64_t i = 0; i < plane; i += B) sum += load(g + b * plane + i);
        store(bias + b * B, sum);
    }
}

}  // namespace
}  // namespace sequential
