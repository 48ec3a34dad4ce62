// Direct convolution of blocked images, for any kernel, stride and padding. The pixels that a tap
// sees in a row are `stride` apart, so for each column of the kernel the rows are copied with these
// pixels side by side, and rows `stride` apart consecutively. The results of several rows and
// examples are then one matrix product. The gradient at the input splits into stride * stride such
// convolutions, one for each residue of a pixel modulo the stride.
#pragma once

#include "kernels/bits.hpp"
#include "kernels/conv_geometry.hpp"
#include "kernels/tap_products.hpp"

namespace sequential {
namespace {

// Examples and lines of the results that are computed together.
struct Piece {
    std::int64_t examples, lines;

    std::int64_t row_floats(const View &v) const { return examples * v.pixels * B; }
    std::int64_t copy_floats(const View &v) const { return (lines + v.more()) * row_floats(v); }
    std::int64_t in_floats(const View &v) const { return v.blocks * v.copies() * copy_floats(v); }
    std::int64_t out_floats(const View &v) const { return v.out_blocks * lines * row_floats(v); }
    std::int64_t floats(const View &v) const { return in_floats(v) + out_floats(v); }
    std::int64_t strips(const View &v) const { return lines * examples * v.pixels; }
    Taps taps(const View &v) const {
        return {v.blocks,       v.phases,     v.columns, v.rows, v.copies() * copy_floats(v),
                copy_floats(v), row_floats(v)};
    }
};

// What fits into the nearer caches next to the weights.
inline Piece largest_piece(const View &v) {
    const bool far = far_weights(v.blocks * v.out_blocks * v.columns * v.rows * B * B);
    const std::int64_t room = far ? 1 << 19 : 1 << 17;
    const std::int64_t whole = Piece{1, v.lines}.floats(v);
    if (whole <= room) return {far ? room / whole : 1, v.lines};
    const std::int64_t line = Piece{1, 1}.floats(v) - Piece{1, 0}.floats(v);
    const std::int64_t lines = (room - Piece{1, 0}.floats(v)) / line;
    return {1, lines < 1 ? 1 : lines};
}

inline void copy_row(const View &v, const float *line, std::int64_t left, float *to) {
    for (std::int64_t i = 0; i < v.pixels; ++i, left += v.stride)
        store(to + i * B,
              line != nullptr && left >= 0 && left < v.width ? load(line + left * B) : Vector{});
}

inline void copy_image(const View &v, const Piece &piece, std::int64_t first, const float *x,
                       std::int64_t x_stride, float *to) {
    for (std::int64_t block = 0; block < v.blocks; ++block, x += v.height * v.width * B)
        for (std::int64_t phase = 0; phase < v.phases; ++phase)
            for (std::int64_t column = 0; column < v.columns; ++column)
                for (std::int64_t row = first; row < first + piece.lines + v.more(); ++row) {
                    const std::int64_t y = row * v.stride + phase + v.top;
                    const bool inside = y >= 0 && y < v.height;
                    for (std::int64_t e = 0; e < piece.examples; ++e, to += v.pixels * B)
                        copy_row(v, inside ? x + e * x_stride + y * v.width * B : nullptr,
                                 v.left + column * v.step, to);
                }
}

// Calls leave(block, line, example, from) for the result rows of a piece.
template <class Leave>
void for_results(const View &v, const Piece &piece, std::int64_t example, std::int64_t line,
                 const float *from, Leave leave) {
    for (std::int64_t block = 0; block < v.out_blocks; ++block)
        for (std::int64_t l = line; l < line + piece.lines; ++l)
            for (std::int64_t e = example; e < example + piece.examples; ++e, from += v.pixels * B)
                leave(block, l, e, from);
}

void direct(const Conv &c, std::int64_t examples, const float *weights, const float *bias,
            const float *x, std::int64_t x_stride, float *scratch, float *y, std::int64_t y_stride,
            Signs *signs) {
    const View v = forward_view(c);
    for_pieces(
        largest_piece(v), v.lines, examples,
        [&](std::int64_t example, std::int64_t first, const Piece &piece) {
            float *const results = scratch + piece.in_floats(v);
            copy_image(v, piece, first, x + example * x_stride, x_stride, scratch);
            products(piece.taps(v), v.out_blocks, piece.strips(v), weights, scratch, results);
            for_results(
                v, piece, example, first, results,
                [&](std::int64_t block, std::int64_t line, std::int64_t e, const float *from) {
                    const Vector shift = load(bias + block * B);
                    const std::int64_t at = e * y_stride + (block * v.lines + line) * v.pixels * B;
                    for (std::int64_t i = 0; i < v.pixels * B; i += B) {
                        Vector z = load(from + i) + shift;
                        if (signs != nullptr) signs[(at + i) / B] = signs_of(z);
                        if (c.activation) z = rectify(z, c.slope);
                        store(y + at + i, z);
                    }
                });
        });
}

// The taps of a residue in each direction.
inline Taps taps_of(Taps all, const Residue &y, const Residue &x) {
    all.rows = y.taps;
    all.columns = x.taps;
    return all;
}

void direct_gradient(const Conv &c, std::int64_t examples, const float *weights, const float *g,
                     std::int64_t g_stride, float *scratch, float *dx, std::int64_t dx_stride) {
    const View v = gradient_view(c);
    for_pieces(
        largest_piece(v), v.lines, examples,
        [&](std::int64_t example, std::int64_t first, const Piece &piece) {
            float *const results = scratch + piece.in_floats(v);
            copy_image(v, piece, first, g + example * g_stride, g_stride, scratch);
            const float *w = weights;
            for_residues(c, [&](std::int64_t py, std::int64_t px, Residue down, Residue right) {
                const Taps taps = taps_of(piece.taps(v), down, right);
                products(taps, v.out_blocks, piece.strips(v), w,
                         scratch + (v.left - right.begin) * taps.copy_floats +
                             (down.begin - down.taps + 1 - v.top) * taps.row_floats,
                         results);
                w += taps.count() * v.out_blocks * B;
                for_results(
                    v, piece, example, first, results,
                    [&](std::int64_t block, std::int64_t line, std::int64_t e, const float *from) {
                        const std::int64_t row = (line + down.begin) * c.stride + py - c.padding;
                        if (row >= c.height) return;
                        float *to = dx + e * dx_stride + (block * c.height + row) * c.width * B;
                        std::int64_t column = right.begin * c.stride + px - c.padding;
                        for (; column < c.width; column += c.stride, from += B)
                            store(to + column * B, load(from));
                    });
            });
        });
}

}  // namespace
}  // namespace sequential
