// Convolution of 3 by 3 with stride 1 on blocked images. A tile of neighbouring pixels of one row
// and up to two blocks of output channels stays in registers while a block of input channels is
// added: one load of an input value then serves two multiplications, and the weights of a block fit
// the nearest cache. oneDNN's own kernel reaches some 10 % less of the processor's peak.
#pragma once

#include "kernels_bits.hpp"

namespace sequential {
namespace {

struct Conv3Step {
    const float *weights;  // of these blocks: [ky][kx][B in][blocks][B out]
    const float *bias;     // null: y holds what earlier blocks of input channels gave
    const float *x;        // this block of input channels
    bool last;             // the activation comes now
    Signs *signs;          // of y, or null
};

// `Left`, `Right`: columns of padding that the tile's first and last pixel reach into.
template <int Blocks, int Pixels, int Left, int Right>
void conv3_tile(const Conv3 &c, const Conv3Step &step, std::int64_t oy, std::int64_t ox,
                float *output) {
    const std::int64_t out_width = c.width + 2 * c.padding - 2;
    const std::int64_t plane = (c.height + 2 * c.padding - 2) * out_width * B;
    const std::int64_t start = (oy * out_width + ox) * B;
    float *y = output + start;
    Vector sum[Blocks][Pixels];
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int p = 0; p < Pixels; ++p)
            sum[b][p] = step.bias != nullptr ? at(step.bias + b * B) : at(y + b * plane + p * B);

    const std::int64_t begin = oy < c.padding ? c.padding - oy : 0;
    const std::int64_t below = c.height + c.padding - oy, end = below < 3 ? below : 3;
    for (std::int64_t ky = begin; ky < end; ++ky) {
        const float *row = step.x + ((oy + ky - c.padding) * c.width + ox - c.padding) * B;
        const float *weights = step.weights + ky * 3 * B * Blocks * B;
        // Taps next to each other are one run: the next input channel, or the next pixel's first.
        const auto run = [&]<int From, int To>(int kx, int count) __attribute__((always_inline)) {
            const float *w = weights + kx * B * Blocks * B, *v = row + kx * B;
            const float *const stop = v + count * B;
#pragma GCC unroll 2
            for (; v != stop; ++v, w += Blocks * B) {
                Vector f[Blocks];
#pragma GCC unroll 2
                for (int b = 0; b < Blocks; ++b) f[b] = at(w + b * B);
                __builtin_prefetch(w + ahead * Blocks * B);
                if (Blocks > 1) __builtin_prefetch(w + (ahead * Blocks + 1) * B);
#pragma GCC unroll 16
                for (int p = From; p < To; ++p)
#pragma GCC unroll 2
                    for (int b = 0; b < Blocks; ++b) sum[b][p] += f[b] * v[p * B];
            }
        };
        if constexpr (Left == 0 && Right == 0) {
            run.template operator()<0, Pixels>(0, 3);
        } else {
            run.template operator()<Left, Pixels>(0, 1);
            run.template operator()<(Left > 1), Pixels - (Right > 1)>(1, 1);
            run.template operator()<0, Pixels - Right>(2, 1);
        }
    }
    const auto every = [&](auto &&act) __attribute__((always_inline)) {
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
            for (int p = 0; p < Pixels; ++p) act(b, p);
    };
    if (step.last && step.signs != nullptr)
        every([&](int b, int p) __attribute__((always_inline)) {
            step.signs[(start + b * plane) / B + p] = signs_of(sum[b][p]);
        });
    if (step.last && c.activation)
        every([&](int b, int p)
                  __attribute__((always_inline)) { rectify(sum[b][p], c.slope, sum[b][p]); });
    every([&](int b, int p)
              __attribute__((always_inline)) { at(y + b * plane + p * B) = sum[b][p]; });
}

using Conv3Tile = void (*)(const Conv3 &, const Conv3Step &, std::int64_t, std::int64_t, float *);

template <int Blocks, int Left, int Right, int Pixels = tile_pixels>
Conv3Tile conv3_tile_of(std::int64_t pixels) {
    if constexpr (Pixels > 1)
        if (pixels < Pixels) return conv3_tile_of<Blocks, Left, Right, Pixels - 1>(pixels);
    return conv3_tile<Blocks, Pixels, Left, Right>;
}

template <int Blocks, int Padding>
void conv3_blocks(const Conv3 &c, const float *weights, const float *bias, const float *x, float *y,
                  Signs *signs) {
    const std::int64_t out_height = c.height + 2 * c.padding - 2;
    const std::int64_t out_width = c.width + 2 * c.padding - 2;
    const std::int64_t tiles = (out_width + tile_pixels - 1) / tile_pixels;
    const std::int64_t pixels = out_width / tiles, wider = out_width % tiles;
    // The wider tiles come first.
    const std::int64_t first = wider > 0 ? pixels + 1 : pixels;
    const Conv3Tile both = conv3_tile_of<Blocks, Padding, Padding>(first);
    const Conv3Tile left = conv3_tile_of<Blocks, Padding, 0>(first);
    const Conv3Tile right = conv3_tile_of<Blocks, 0, Padding>(pixels);
    const Conv3Tile wide = conv3_tile_of<Blocks, 0, 0>(first);
    const Conv3Tile narrow = conv3_tile_of<Blocks, 0, 0>(pixels);
    for (std::int64_t in = 0; in < c.in_blocks; ++in) {
        const Conv3Step step{weights + in * 9 * B * Blocks * B, in == 0 ? bias : nullptr,
                             x + in * c.height * c.width * B, in == c.in_blocks - 1, signs};
        for (std::int64_t oy = 0; oy < out_height; ++oy) {
            std::int64_t ox = 0;
            for (std::int64_t t = 0; t < tiles; ++t) {
                const bool ends = t == tiles - 1;
                const Conv3Tile tile = t == 0 ? (ends ? both : left)
                                       : ends ? right
                                              : (t < wider ? wide : narrow);
                tile(c, step, oy, ox, y);
                ox += t < wider ? pixels + 1 : pixels;
            }
        }
    }
}

template <int Padding>
void conv3_padded(const Conv3 &c, const float *weights, const float *bias, const float *x, float *y,
                  Signs *signs) {
    const std::int64_t plane = (c.height + 2 * c.padding - 2) * (c.width + 2 * c.padding - 2) * B;
    for (std::int64_t out = 0; out < c.out_blocks; out += 2) {
        const float *w = weights + out * c.in_blocks * 9 * B * B;
        if (out + 1 < c.out_blocks)
            conv3_blocks<2, Padding>(c, w, bias + out * B, x, y + out * plane,
                                     signs != nullptr ? signs + out * (plane / B) : nullptr);
        else
            conv3_blocks<1, Padding>(c, w, bias + out * B, x, y + out * plane,
                                     signs != nullptr ? signs + out * (plane / B) : nullptr);
    }
}

void conv3(const Conv3 &c, const float *weights, const float *bias, const float *x, float *y,
           Signs *signs) {
    if (c.padding == 0) return conv3_padded<0>(c, weights, bias, x, y, signs);
    if (c.padding == 1) return conv3_padded<1>(c, weights, bias, x, y, signs);
    conv3_padded<2>(c, weights, bias, x, y, signs);
}

}  // namespace
}  // namespace sequential
