// Convolution of 3 by 3 with stride 1 on blocked images, and its gradient at the input, by
// kernels/winograd.hpp.
#pragma once

#include "kernels/bits.hpp"
#include "kernels/conv_geometry.hpp"
#include "kernels/tap_products.hpp"
#include "kernels/winograd.hpp"

namespace sequential {
namespace {

// The convolution from blocks to blocks. Its gradient at the input is such a convolution of the
// output gradient, without activation and with padding 2 - padding.
struct Conv3 {
    std::int64_t in_blocks, out_blocks, height, width, padding;
    bool activation;
    float slope;

    std::int64_t out_height() const { return height + 2 * padding - 2; }
    std::int64_t out_width() const { return width + 2 * padding - 2; }
};

inline Conv3 conv3_of(const Conv &c) {
    return {blocks_of(c.in), blocks_of(c.out), c.height, c.width, c.padding, c.activation, c.slope};
}

inline Conv3 back_of(const Conv &c) {
    return {blocks_of(c.out),
            blocks_of(c.in),
            c.out_height(),
            c.out_width(),
            2 - c.padding,
            false,
            1.0F};
}

// Rows of the result that are computed together, those of several examples side by side, and their
// scratch memory: on both sides, per point, [block][row][example][strip][B].
struct Band {
    std::int64_t examples;
    std::int64_t strips;                 // of a row of all examples
    std::int64_t rows;                   // of the result
    std::int64_t in_floats, out_floats;  // of a point

    std::int64_t floats() const { return points * (in_floats + out_floats); }
    std::int64_t strips_each() const { return strips / examples; }
};

inline bool far_weights(const Conv3 &c) {
    return far_weights(points * c.in_blocks * c.out_blocks * 3 * B * B);
}

// What fits into the nearer caches next to weights and images.
inline std::int64_t band_floats(const Conv3 &c) {
    return far_weights(c) ? 1 << 19 : 1 << 16;
}

inline Band band_of(const Conv3 &c, std::int64_t strips, std::int64_t examples = 1) {
    Band band{};
    band.examples = examples;
    band.strips = examples * strips;
    const std::int64_t row = points * band.strips * B * (c.in_blocks + c.out_blocks);
    const std::int64_t height = c.out_height();
    const std::int64_t most = band_floats(c) / row;
    band.rows = most < 1 ? 1 : most < height ? most : height;
    // An odd number of vectors, so that a strip's points do not collide in one cache set.
    band.in_floats = ((band.rows + 2) * band.strips * c.in_blocks | 1) * B;
    band.out_floats = (band.rows * band.strips * c.out_blocks | 1) * B;
    return band;
}

// Examples whose rows are processed side by side.
inline std::int64_t group_of(const Conv3 &c, std::int64_t strips) {
    if (!far_weights(c)) return 1;
    const std::int64_t height = c.out_height();
    const std::int64_t rows = c.in_blocks * (height + 2) + c.out_blocks * height;
    const std::int64_t count = band_floats(c) / (points * strips * B * rows);
    return count < 1 ? 1 : count;
}

inline std::int64_t strips_for(std::int64_t width) {
    return (width + strip - 1) / strip;
}

// The part of it that `rows` rows of a band's result read, at one point.
inline Taps taps_of(const Conv3 &c, const Band &band, std::int64_t rows) {
    const std::int64_t row = band.strips * B;
    return {c.in_blocks, 1, 1, 3, (rows + 2) * row, 0, row};
}

// A row of the padded input, counted from the padding's first; null in the padding.
inline const float *input_row(const Conv3 &c, const float *x, std::int64_t block,
                              std::int64_t row) {
    const std::int64_t y = row - c.padding;
    return y >= 0 && y < c.height ? x + (block * c.height + y) * c.width * B : nullptr;
}

// For each band of each group of examples: calls enter(band, line, to) for every row that the band
// reads, with its place in x (null outside) and at the points, and leave(band, example, line,
// block, from) for every row of the result, with its first pixel `line`.
template <class Enter, class Leave>
void conv3_bands(const Conv3 &c, std::int64_t strips, std::int64_t examples, const float *weights,
                 const float *x, std::int64_t x_stride, float *scratch, Enter enter, Leave leave) {
    const std::int64_t group = group_of(c, strips), height = c.out_height();
    for (std::int64_t example = 0; example < examples; example += group, x += group * x_stride) {
        const std::int64_t left = examples - example;
        const Band band = band_of(c, strips, left < group ? left : group);
        float *const from = scratch, *const to = scratch + points * band.in_floats;
        for (std::int64_t first = 0; first < height; first += band.rows) {
            const std::int64_t rows = height - first < band.rows ? height - first : band.rows;
            float *v = from;
            for (std::int64_t block = 0; block < c.in_blocks; ++block)
                for (std::int64_t row = first; row < first + rows + 2; ++row)
                    for (std::int64_t e = 0; e < band.examples; ++e, v += strips * B)
                        enter(band, input_row(c, x + e * x_stride, block, row), v);
            const Taps taps = taps_of(c, band, rows);
            for (std::int64_t point = 0; point < points; ++point)
                products(taps, c.out_blocks, rows * band.strips,
                         weights + point * taps.count() * c.out_blocks * B,
                         from + point * band.in_floats, to + point * band.out_floats);
            const float *m = to;
            for (std::int64_t block = 0; block < c.out_blocks; ++block)
                for (std::int64_t row = first; row < first + rows; ++row)
                    for (std::int64_t e = 0; e < band.examples; ++e, m += strips * B)
                        leave(band, example + e, (block * height + row) * c.out_width(), block, m);
        }
    }
}

// The vectors [left, left + count) of a row of `width`, zero outside of it or without a row.
template <int Count>
inline void read_row(const float *line, std::int64_t left, std::int64_t width, Vector *to) {
#pragma GCC unroll 6
    for (int i = 0; i < Count; ++i) to[i] = Vector{};
    if (line == nullptr) return;
    if (left >= 0 && left + Count <= width) {
#pragma GCC unroll 6
        for (int i = 0; i < Count; ++i) to[i] = load(line + (left + i) * B);
        return;
    }
    for (std::int64_t i = left < 0 ? -left : 0; i < Count && left + i < width; ++i)
        to[i] = load(line + (left + i) * B);
}

inline void input_row_to_points(const Conv3 &c, const Band &band, const float *line, float *to) {
    for (std::int64_t s = 0; s < band.strips_each(); ++s) {
        Vector in[seen];
        read_row<seen>(line, s * strip - c.padding, c.width, in);
        inputs_to_points(in, to + s * B, band.in_floats);
    }
}

// A row of gradients of outputs; returns their sum.
inline Vector output_row_to_points(std::int64_t strips, std::int64_t width, const float *line,
                                   float *to, std::int64_t stride) {
    Vector sum = {};
    for (std::int64_t s = 0; s < strips; ++s) {
        Vector out[strip];
        read_row<strip>(line, s * strip, width, out);
        sum += (out[0] + out[1]) + (out[2] + out[3]);
        outputs_to_points(out, to + s * B, stride);
    }
    return sum;
}

std::int64_t conv3_group(const Conv &c) {
    const std::int64_t strips = strips_for(c.out_width());
    const std::int64_t forward = group_of(conv3_of(c), strips);
    const std::int64_t back = group_of(back_of(c), strips);
    return forward > back ? forward : back;
}

inline std::int64_t bands_scratch(const Conv3 &c, std::int64_t strips) {
    return band_of(c, strips, group_of(c, strips)).floats();
}

void conv3(const Conv &conv, std::int64_t examples, const float *weights, const float *bias,
           const float *x, std::int64_t x_stride, float *scratch, float *y, std::int64_t y_stride,
           Signs *signs) {
    const Conv3 c = conv3_of(conv);
    const std::int64_t width = c.out_width(), strips = strips_for(width);
    conv3_bands(
        c, strips, examples, weights, x, x_stride, scratch,
        [&](const Band &band, const float *line, float *to) {
            input_row_to_points(c, band, line, to);
        },
        [&](const Band &band, std::int64_t example, std::int64_t line, std::int64_t block,
            const float *from) {
            const Vector shift = load(bias + block * B);
            float *const row = y + example * y_stride + line * B;
            Signs *const row_signs =
                signs != nullptr ? signs + example * (y_stride / B) + line : nullptr;
            for (std::int64_t s = 0; s < strips; ++s) {
                Vector out[strip];
                outputs_from_points(from + s * B, band.out_floats, out);
                const auto put = [&](std::int64_t i) __attribute__((always_inline)) {
                    const std::int64_t pixel = s * strip + i;
                    Vector z = out[i] + shift;
                    if (row_signs != nullptr) row_signs[pixel] = signs_of(z);
                    if (c.activation) z = rectify(z, c.slope);
                    store(row + pixel * B, z);
                };
                if ((s + 1) * strip <= width) {
#pragma GCC unroll 4
                    for (std::int64_t i = 0; i < strip; ++i) put(i);
                } else {
                    for (std::int64_t i = 0; s * strip + i < width; ++i) put(i);
                }
            }
        });
}

void conv3_gradient(const Conv &conv, std::int64_t examples, const float *weights, const float *g,
                    std::int64_t g_stride, float *scratch, float *dx, std::int64_t dx_stride) {
    const Conv3 c = back_of(conv);
    const std::int64_t width = c.out_width(), cut = 2 - c.padding;  // columns before and after dx
    const std::int64_t strips = strips_for(c.width);
    conv3_bands(
        c, strips, examples, weights, g, g_stride, scratch,
        [&](const Band &band, const float *line, float *to) {
            output_row_to_points(strips, c.width, line, to, band.in_floats);
        },
        [&](const Band &band, std::int64_t example, std::int64_t line, std::int64_t,
            const float *from) {
            float *const row = dx + example * dx_stride + line * B;
            // The last two inputs of a strip are the first two of the next.
            Vector before[2] = {};
            for (std::int64_t s = 0; s < strips; ++s) {
                Vector in[seen];
                inputs_from_points(from + s * B, band.out_floats, in);
                in[0] += before[0];
                in[1] += before[1];
                before[0] = in[4];
                before[1] = in[5];
                const std::int64_t left = s * strip - cut;
                float *to = row + left * B;
                const std::int64_t count = s + 1 == strips ? seen : strip;
                if (left >= 0 && left + strip <= width && count == strip) {
#pragma GCC unroll 4
                    for (std::int64_t i = 0; i < strip; ++i) store(to + i * B, in[i]);
                } else {
                    for (std::int64_t i = 0; i < count; ++i)
                        if (left + i >= 0 && left + i < width) store(to + i * B, in[i]);
                }
            }
        });
}

}  // namespace
}  // namespace sequential
