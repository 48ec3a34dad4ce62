// The gradient at the input of a convolution of few plain channels.
#pragma once

#include "kernels/first_conv.hpp"

namespace sequential {
namespace {

constexpr std::int64_t P = B;                // pixels of dx computed together
constexpr std::int64_t row_end = 3 * P / 4;  // at the end of a row: no more than these

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

Ring make_ring(const FirstConv &c, float *scratch) {
    Ring ring{scratch, ring_columns(c), c.kernel, c.kernel, c.blocks};
    const std::int64_t rows = c.kernel * c.blocks, right = ring.left + c.out_width;
    for (std::int64_t row = 0; row < rows; ++row, scratch += ring.columns * B) {
        for (std::int64_t i = 0; i < ring.left; ++i) store(scratch + i * B, Vector{});
        for (std::int64_t i = right; i < ring.columns; ++i) store(scratch + i * B, Vector{});
    }
    return ring;
}

// Pairwise sums as one vector: those of `a` in the first half, those of `b` in the second, or the
// same for the results of earlier foldings.
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
#pragma GCC unroll 4
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

// Where a gradient's row and column meet the first tap that reaches them; advanced incrementally
// from pixel to pixel, because divisions cost more than the arithmetic between them.
struct Reach {
    std::int64_t tap, from;  // the tap, and the furthest row or column of the gradient

    explicit Reach(const FirstConv &c) : tap(c.padding % c.stride), from(c.padding / c.stride) {}
    void advance(const FirstConv &c) {
        if (++tap < c.stride) return;
        tap = 0;
        ++from;
    }
};

// Neighbouring pixels of dx in one channel, from the rows of the ring. The next tap in the kernel
// is the previous row or column in the gradient; several taps of a row are taken together.
template <int Taps, std::int64_t Pixels>
Vector gradient_tile(const FirstConv &c, const Ring &ring, const float *weights, Reach bottom,
                     std::int64_t slot, std::int64_t tap, std::int64_t column) {
    const std::int64_t filter = c.blocks * B, apart = c.stride * filter;
    Vector sums[P];
#pragma GCC unroll 16
    for (Vector &sum : sums) sum = Vector{};
    std::int64_t row = bottom.from;
    for (std::int64_t ky = bottom.tap; ky < c.kernel; ky += c.stride, --row) {
        const float *line = ring.rows + (slot * c.blocks * ring.columns + column) * B;
        slot = slot == 0 ? ring.kernel - 1 : slot - 1;
        if (row < 0 || row >= c.out_height) continue;
        const float *w = weights + (ky * c.kernel + tap) * filter;
        for (std::int64_t kx = tap; kx < c.kernel;
             kx += Taps * c.stride, w += Taps * apart, line -= Taps * B)
            for (std::int64_t b = 0; b < c.blocks; ++b) {
                Vector factor[Taps];
#pragma GCC unroll 3
                for (int t = 0; t < Taps; ++t) factor[t] = load(w + t * apart + b * B);
                const float *const from = line + b * ring.columns * B;
#pragma GCC unroll 18
                for (int i = 1 - Taps; i < static_cast<int>(Pixels); ++i) {
                    const Vector v = in_register(load(from + i * B));
#pragma GCC unroll 3
                    for (int t = 0; t < Taps; ++t)
                        if (i + t >= 0 && i + t < Pixels) sums[i + t] += factor[t] * v;
                }
            }
    }
    return sum_each(sums);
}

template <std::int64_t Pixels>
auto gradient_tile_of(std::int64_t taps) {
    return taps % 3 == 0   ? gradient_tile<3, Pixels>
           : taps % 2 == 0 ? gradient_tile<2, Pixels>
                           : gradient_tile<1, Pixels>;
}

// One row of dx in one channel. If another row follows, may write past its end.
inline void gradient_row(const FirstConv &c, const Ring &ring, const float *weights, Reach bottom,
                         bool followed, float *dx) {
    const auto strides = [&](std::int64_t n) {
        return c.stride == 1 ? n : (n + c.stride - 1) / c.stride;
    };
    const std::int64_t slot = ring.slot(bottom.from);
    Reach right(c);
    for (std::int64_t phase = 0; phase < c.stride; ++phase, right.advance(c)) {
        const std::int64_t taps = strides(c.kernel - right.tap), count = strides(c.width - phase);
        const auto tile = gradient_tile_of<P>(taps), end = gradient_tile_of<row_end>(taps);
        for (std::int64_t j = 0; j < count; j += P) {
            const bool last = c.stride == 1 && followed && count >= P && count - j <= row_end;
            // The last pixels together with some of those before.
            if (!last && j + P > count && count >= P) j = count - P;
            const Vector values = (last ? end : tile)(c, ring, weights, bottom, slot, right.tap,
                                                      ring.left + right.from + j);
            if (last || (c.stride == 1 && j + P <= count))
                store(dx + j, values);
            else
                for (std::int64_t i = 0; i < P && j + i < count; ++i)
                    dx[phase + (j + i) * c.stride] = values[i];
        }
    }
}

void conv_gradient(const FirstConv &c, const float *weights, const float *g, const Signs *signs,
                   float *scratch, float *dx) {
    const Ring ring = make_ring(c, scratch);
    const std::int64_t width = c.out_width, plane = c.out_height * width;
    const float slope = c.slope;
    std::int64_t filled = 0;
    const auto fill = [&] {
        for (std::int64_t b = 0; b < c.blocks; ++b) {
            float *to = ring.row(filled) + (b * ring.columns + ring.left) * B;
            const std::int64_t first = b * plane + filled * width;
            const float *from = g + first * B;
            if (signs == nullptr)
                for (std::int64_t i = 0; i < width; ++i) store(to + i * B, load(from + i * B));
            else
#pragma GCC unroll 4
                for (std::int64_t i = 0; i < width; ++i)
                    store(to + i * B, rectify_by(signs[first + i], slope, load(from + i * B)));
        }
    };
    Reach bottom(c);
    for (std::int64_t y = 0; y < c.height; ++y, bottom.advance(c)) {
        for (; filled < c.out_height && filled <= bottom.from; ++filled) fill();
        for (std::int64_t channel = 0; channel < c.channels; ++channel)
            gradient_row(c, ring, weights + channel * c.kernel * c.kernel * c.blocks * B, bottom,
                         y + 1 < c.height, dx + (channel * c.height + y) * c.width);
    }
}

std::int64_t scratch_size(const FirstConv &c) {
    const std::int64_t ring = c.kernel * c.blocks * ring_columns(c) * B;
    return ring + c.channels * (c.height + 2 * c.padding) * padded_width(c);
}

}  // namespace
}  // namespace sequential
