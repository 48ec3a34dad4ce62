// The weights of kernels_conv3.hpp brought to the points, and their gradient: what inputs and
// gradients of outputs give at each point, summed over the strips of several examples at once.
#pragma once

#include "kernels_conv3.hpp"

namespace sequential {
namespace {

// Input channels whose sums stay in registers, with two blocks of outputs.
constexpr std::int64_t lanes = B == 16 ? 8 : 4;

inline std::int64_t blocks_of(std::int64_t channels) {
    return (channels + B - 1) / B;
}

inline std::int64_t floats_of_point(const Conv3Weights &c) {
    return blocks_of(c.in) * blocks_of(c.out) * 3 * B * B;
}

std::int64_t conv3_packed_size(const Conv3Weights &c) {
    return points * floats_of_point(c);
}

// Calls visit(place, output, input, ky) for every vector of outputs, with its place among those of
// a point.
template <class Visit>
void for_weight_vectors(const Conv3Weights &c, Visit visit) {
    const std::int64_t in_blocks = blocks_of(c.in), out_blocks = blocks_of(c.out);
    std::int64_t place = 0;
    for (std::int64_t first = 0; first < out_blocks; first += 2)
        for (std::int64_t in = 0; in < in_blocks; ++in)
            for (std::int64_t ky = 0; ky < 3; ++ky)
                for (std::int64_t i = in * B; i < (in + 1) * B; ++i)
                    for (std::int64_t o = first; o < first + 2 && o < out_blocks; ++o, place += B)
                        visit(place, o * B, i, ky);
}

void conv3_pack(const Conv3Weights &c, const float *weights, float *packed) {
    for_weight_vectors(c, [&](std::int64_t place, std::int64_t o, std::int64_t i, std::int64_t ky) {
        Vector w[3] = {};
        const std::int64_t row = c.upside_down ? 2 - ky : ky;
        for (std::int64_t lane = 0; i < c.in && lane < B && o + lane < c.out; ++lane) {
            const float *from = weights + (o + lane) * c.out_stride + i * c.in_stride + row * 3;
            w[0][lane] = from[0];
            w[1][lane] = from[1];
            w[2][lane] = from[2];
        }
        weights_to_points(w, packed + place, floats_of_point(c));
    });
}

void conv3_deposit(const Conv3Weights &c, const float *gradient, float *weights) {
    for_weight_vectors(c, [&](std::int64_t place, std::int64_t o, std::int64_t i, std::int64_t ky) {
        if (i >= c.in) return;
        Vector w[3];
        weights_from_points(gradient + place, floats_of_point(c), w);
        for (std::int64_t lane = 0; lane < B && o + lane < c.out; ++lane) {
            float *to = weights + (o + lane) * c.out_stride + i * c.in_stride + ky * 3;
            to[0] += w[0][lane];
            to[1] += w[1][lane];
            to[2] += w[2][lane];
        }
    });
}

// Examples whose inputs and gradients are at the points together.
inline std::int64_t weights_group_of(const Conv3 &c, const Band &band) {
    const std::int64_t count = band_floats(c) / band.floats();
    return count < 1 ? 1 : count;
}

std::int64_t conv3_weights_group(const Conv3 &c) {
    return weights_group_of(c, band_of(c, strips_for(c.out_width())));
}

std::int64_t conv3_weights_scratch(const Conv3 &c) {
    const Band band = band_of(c, strips_for(c.out_width()));
    return weights_group_of(c, band) * band.floats();
}

// What the strips of some examples give to some input channels, added to the sums or in their
// place.
template <int Blocks>
void lane_sums(const Band &band, std::int64_t count, std::int64_t rows, const float *v,
               const float *g, bool add, float *sums) {
    Vector sum[lanes][Blocks];
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i)
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b)
            sum[i][b] = add ? load(sums + (i * Blocks + b) * B) : Vector{};
    const std::int64_t strips = rows * band.strips;
    const std::int64_t next = band.floats() - strips * B;
    for (std::int64_t example = 0; example < count; ++example, v += next, g += next)
#pragma GCC unroll 2
        for (std::int64_t s = 0; s < strips; ++s, v += B, g += B) {
            Vector d[Blocks];
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) d[b] = load(g + b * strips * B);
#pragma GCC unroll 8
            for (int i = 0; i < lanes; ++i)
#pragma GCC unroll 2
                for (int b = 0; b < Blocks; ++b) sum[i][b] += d[b] * v[i];
        }
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i)
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) store(sums + (i * Blocks + b) * B, sum[i][b]);
}

// The same for all channels, at all points.
inline void add_products(const Conv3 &c, const Band &band, std::int64_t count, std::int64_t rows,
                         const float *scratch, bool add, float *sums) {
    const float *const v = scratch, *const g = scratch + points * band.in_floats;
    for (std::int64_t point = 0; point < points; ++point)
        for (std::int64_t out = 0; out < c.out_blocks; out += 2) {
            const bool two = out + 1 < c.out_blocks;
            for (std::int64_t in = 0; in < c.in_blocks; ++in)
                for (std::int64_t ky = 0; ky < 3; ++ky)
                    for (std::int64_t i = 0; i < B; i += lanes) {
                        (two ? lane_sums<2>
                             : lane_sums<1>)(band, count, rows,
                                             v + point * band.in_floats +
                                                 (in * (rows + 2) + ky) * band.strips * B + i,
                                             g + point * band.out_floats +
                                                 out * rows * band.strips * B,
                                             add, sums);
                        sums += lanes * (two ? 2 : 1) * B;
                    }
        }
}

void conv3_weights(const Conv3 &c, std::int64_t examples, const float *x, std::int64_t x_stride,
                   const float *g, std::int64_t g_stride, float *scratch, bool add, float *sums,
                   float *bias) {
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
            add_products(c, band, count, rows, scratch, add || example + first > 0, sums);
        }
    }
}

}  // namespace
}  // namespace sequential
