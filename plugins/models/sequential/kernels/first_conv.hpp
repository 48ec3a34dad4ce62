// A convolution of few plain channels, and the gradient of its weights.
#pragma once

#include "kernels/bits.hpp"

namespace sequential {
namespace {

inline std::int64_t padded_width(const FirstConv &c) {
    return c.width + 2 * c.padding;
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

// Splits rows into tiles as evenly as possible.
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

// Adds the products of the taps' pixels with the gradient of one or two blocks to the sums of some
// taps, `apart` floats apart. `taps`: the image as seen from each.
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
