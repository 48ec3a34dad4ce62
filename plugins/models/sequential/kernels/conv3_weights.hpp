// The weights of kernels/conv3.hpp at the points, and their gradient: the products of inputs and
// output gradients at each point, summed over the strips of several examples at once.
#pragma once

#include "kernels/conv3.hpp"

namespace sequential {
namespace {

inline Taps weight_taps(std::int64_t in) {
    return {.blocks = blocks_of(in),
            .phases = 1,
            .columns = 1,
            .rows = 3,
            .block_floats = 0,
            .copy_floats = 0,
            .row_floats = 0};
}

std::int64_t conv3_packed_size(const Conv &c) {
    return points * weight_taps(c.in).count() * blocks_of(c.out) * B;
}

// The place in a parameter of the weight for channels `out` and `in` and tap [ky][kx]: out *
// out_stride + in * in_stride + tap.
struct Conv3Weights {
    std::int64_t in, out, in_stride, out_stride;
};

inline Conv3Weights weights_of(const Conv &c) {
    return {c.in, c.out, 9, 9 * c.in};
}

inline void to_points(const Conv3Weights &c, bool upside_down, const float *weights,
                      float *packed) {
    const Taps taps = weight_taps(c.in);
    const std::int64_t point = taps.count() * blocks_of(c.out) * B;
    for_weight_vectors(
        taps, blocks_of(c.out),
        [&](std::int64_t place, std::int64_t o, std::int64_t i, std::int64_t ky, std::int64_t) {
            Vector w[3] = {};
            const std::int64_t row = upside_down ? 2 - ky : ky;
            for (std::int64_t lane = 0; i < c.in && lane < B && o + lane < c.out; ++lane) {
                const float *from = weights + (o + lane) * c.out_stride + i * c.in_stride + row * 3;
                w[0][lane] = from[0];
                w[1][lane] = from[1];
                w[2][lane] = from[2];
            }
            weights_to_points(w, packed + place, point);
        });
}

void conv3_pack(const Conv &c, const float *weights, float *packed) {
    to_points(weights_of(c), false, weights, packed);
}

void conv3_pack_gradient(const Conv &c, const float *weights, float *packed) {
    const Conv3Weights w = weights_of(c);
    to_points({w.out, w.in, w.out_stride, w.in_stride}, true, weights, packed);
}

void conv3_deposit(const Conv &conv, const float *sums, float *weights) {
    const Conv3Weights c = weights_of(conv);
    const Taps taps = weight_taps(c.in);
    const std::int64_t point = taps.count() * blocks_of(c.out) * B;
    for_weight_vectors(
        taps, blocks_of(c.out),
        [&](std::int64_t place, std::int64_t o, std::int64_t i, std::int64_t ky, std::int64_t) {
            if (i >= c.in) return;
            Vector w[3];
            weights_from_points(sums + place, point, w);
            for (std::int64_t lane = 0; lane < B && o + lane < c.out; ++lane) {
                float *to = weights + (o + lane) * c.out_stride + i * c.in_stride + ky * 3;
                to[0] += w[0][lane];
                to[1] += w[1][lane];
                to[2] += w[2][lane];
            }
        });
}

// Examples whose inputs and gradients are transformed together.
inline std::int64_t weights_group_of(const Conv3 &c, const Band &band) {
    const std::int64_t count = band_floats(c) / band.floats();
    return count < 1 ? 1 : count;
}

std::int64_t conv3_weights_group(const Conv &conv) {
    const Conv3 c = conv3_of(conv);
    return weights_group_of(c, band_of(c, strips_for(c.out_width())));
}

std::int64_t conv3_scratch(const Conv &conv) {
    const Conv3 c = conv3_of(conv);
    const std::int64_t strips = strips_for(c.out_width());
    const Band band = band_of(c, strips);
    const std::int64_t forward = bands_scratch(c, strips),
                       back = bands_scratch(back_of(conv), strips);
    const std::int64_t weights = weights_group_of(c, band) * band.floats();
    const std::int64_t most = forward > back ? forward : back;
    return most > weights ? most : weights;
}

void conv3_weights(const Conv &conv, std::int64_t examples, const float *x, std::int64_t x_stride,
                   const float *g, std::int64_t g_stride, float *scratch, bool add, float *sums,
                   float *bias) {
    const Conv3 c = conv3_of(conv);
    const std::int64_t width = c.out_width(), height = c.out_height();
    const Band band = band_of(c, strips_for(width));
    const std::int64_t group = weights_group_of(c, band);
    for (std::int64_t i = 0; i < c.out_blocks * B && !add; ++i) bias[i] = 0;
    for (std::int64_t example = 0; example < examples; example += group) {
        const std::int64_t count = examples - example < group ? examples - example : group;
        for (std::int64_t first = 0; first < height; first += band.rows) {
            const std::int64_t rows = height - first < band.rows ? height - first : band.rows;
            float *to = scratch;
            for (std::int64_t e = example; e < example + count; ++e) {
                float *v = to, *d = to + points * band.in_floats;
                for (std::int64_t block = 0; block < c.in_blocks; ++block)
                    for (std::int64_t row = 0; row < rows + 2; ++row, v += band.strips * B)
                        input_row_to_points(c, band,
                                            input_row(c, x + e * x_stride, block, first + row), v);
                for (std::int64_t block = 0; block < c.out_blocks; ++block)
                    for (std::int64_t row = 0; row < rows; ++row, d += band.strips * B)
                        store(bias + block * B,
                              load(bias + block * B) +
                                  output_row_to_points(
                                      band.strips, width,
                                      g + e * g_stride + (block * height + first + row) * width * B,
                                      d, band.out_floats));
                to += band.floats();
            }
            const Taps taps = taps_of(c, band, rows);
            for (std::int64_t point = 0; point < points; ++point)
                weight_sums(taps, c.out_blocks, {count, rows * band.strips, band.floats()},
                            scratch + point * band.in_floats,
                            scratch + points * band.in_floats + point * band.out_floats,
                            add || example + first > 0,
                            sums + point * taps.count() * c.out_blocks * B);
        }
    }
}

}  // namespace
}  // namespace sequential
