// Direct convolution of blocked images in bfloat16, for any kernel, stride and padding. The image
// is copied with its padding, two blocks of channels together, with separate copies for the pixels
// that a stride skips. The results of neighbouring pixels then read neighbouring pixels at each
// tap, so that all rows are one matrix product. Results that straddle the end of a row are computed
// too and then discarded. The gradient at the input splits into stride * stride such convolutions,
// see kernels/conv_geometry.hpp.
#pragma once

#include "kernels/amx_tiles.hpp"
#include "kernels/bits.hpp"
#include "kernels/conv_geometry.hpp"

namespace sequential {
namespace {

// An image, the copies that are made of it, and the results.
struct Copies {
    std::int64_t blocks, height, width;      // of the image
    std::int64_t stride, phases;             // [pair][row's phase][column's][example][row][column]
    std::int64_t origin;                     // image row and column of the first copy's origin
    std::int64_t more;                       // rows and columns beyond those of the results
    std::int64_t out_blocks, lines, pixels;  // of the results: rows, and pixels in each

    std::int64_t pairs() const { return divided_up(blocks, 2); }
    std::int64_t columns() const { return pixels + more; }
};

inline Copies copies_of(const View &v) {
    return {.blocks = v.blocks,
            .height = v.height,
            .width = v.width,
            .stride = v.stride,
            .phases = v.phases,
            .origin = v.top,
            .more = v.more(),
            .out_blocks = v.out_blocks,
            .lines = v.lines,
            .pixels = v.pixels};
}

// Examples, and rows of their results, that are computed together.
struct Part {
    std::int64_t examples, lines;

    std::int64_t rows(const Copies &c) const { return lines + c.more; }
    std::int64_t phase(const Copies &c) const { return examples * rows(c) * c.columns(); }
    std::int64_t pair(const Copies &c) const { return c.phases * c.phases * phase(c); }
    // The last tile may extend past the last copy.
    std::int64_t floats(const Copies &c) const {
        return (c.pairs() * pair(c) + tile_positions) * depth / 2;
    }
    std::int64_t positions(const Copies &c) const {
        return ((examples - 1) * rows(c) + lines) * c.columns();
    }
};

// What fits into the nearer caches next to weights and images.
inline Part largest_part(const Copies &c, std::int64_t kernel) {
    const bool far = far_weights(c.blocks * c.out_blocks * kernel * kernel * B * B);
    const std::int64_t room = 1 << 17, whole = Part{1, c.lines}.floats(c);
    if (whole <= room) return {far ? room / whole : 1, c.lines};
    const std::int64_t line = Part{1, 1}.floats(c) - Part{1, 0}.floats(c);
    const std::int64_t lines = (room - Part{1, 0}.floats(c)) / line;
    return {1, lines < 1 ? 1 : lines};
}

// The offsets of all taps are stored before the copies.
inline std::int64_t offset_floats(const Conv &c) {
    return divided_up(2 * c.kernel * c.kernel, 16) * 16;
}

std::int64_t bf16_scratch(const Conv &c) {
    const Copies forward = copies_of(forward_view(c)), back = copies_of(gradient_view(c));
    const std::int64_t a = largest_part(forward, c.kernel).floats(forward);
    const std::int64_t b = largest_part(back, c.kernel).floats(back);
    return offset_floats(c) + (a > b ? a : b);
}

inline TileTaps forward_taps(const Conv &conv, const Copies &c, const Part &part,
                             std::int64_t *offsets) {
    std::int64_t taps = 0;
    for (std::int64_t ky = 0; ky < conv.kernel; ++ky)
        for (std::int64_t kx = 0; kx < conv.kernel; ++kx) {
            const std::int64_t copy = ky % c.stride * c.phases + kx % c.stride;
            const std::int64_t pixel = ky / c.stride * c.columns() + kx / c.stride;
            offsets[taps++] = (copy * part.phase(c) + pixel) * depth;
        }
    return {c.pairs(), part.pair(c) * depth, taps, offsets};
}

inline TileTaps residue_taps(const Copies &c, const Part &part, Residue down, Residue right,
                             std::int64_t *offsets) {
    std::int64_t taps = 0;
    for (std::int64_t j = 0; j < down.taps; ++j)
        for (std::int64_t i = 0; i < right.taps; ++i) {
            const std::int64_t row = down.begin - j - c.origin, column = right.begin - i - c.origin;
            offsets[taps++] = (row * c.columns() + column) * depth;
        }
    return {c.pairs(), part.pair(c) * depth, taps, offsets};
}

// Makes the copies for a part that begins at a row of the results. read(block, example, pixel)
// returns a vector of the image.
template <class Read>
void copy_part(const Copies &c, const Part &part, std::int64_t first, Bf16 *to, Read read) {
    for (std::int64_t block = 0; block < c.blocks; block += 2)
        for (std::int64_t py = 0; py < c.phases; ++py)
            for (std::int64_t px = 0; px < c.phases; ++px)
                for (std::int64_t e = 0; e < part.examples; ++e)
                    for (std::int64_t row = first; row < first + part.rows(c); ++row) {
                        const std::int64_t y = row * c.stride + py + c.origin;
                        const bool inside = y >= 0 && y < c.height;
                        std::int64_t x = px + c.origin;
                        for (std::int64_t i = 0; i < c.columns(); ++i, x += c.stride, to += depth) {
                            const bool there = inside && x >= 0 && x < c.width;
                            const std::int64_t pixel = y * c.width + x;
                            store_rounded(to, there ? read(block, e, pixel) : Vector{},
                                          there && block + 1 < c.blocks ? read(block + 1, e, pixel)
                                                                        : Vector{});
                        }
                    }
}

// Calls leave(block, example, line, pixel, count, from) for each stretch of a result row inside one
// tile.
template <int Blocks, class Leave>
void tile_results(const Copies &c, const Part &part, std::int64_t block, const TileTaps &taps,
                  const Bf16 *weights, const Bf16 *from, Leave leave) {
    alignas(64) float sums[Blocks * tile_positions * B];
    std::int64_t example = 0, line = 0, column = 0;
    for (std::int64_t left = part.positions(c); left > 0;
         left -= tile_positions, from += tile_positions * depth) {
        tile_sums<Blocks>(taps, weights, from, sums);
        for (std::int64_t i = 0; i < tile_positions && example < part.examples;) {
            const std::int64_t rest = tile_positions - i, row = c.columns() - column;
            const std::int64_t run = row < rest ? row : rest, real = c.pixels - column;
            if (line < part.lines && real > 0)
                for (int b = 0; b < Blocks; ++b)
                    leave(block + b, example, line, column, real < run ? real : run,
                          sums + (b * tile_positions + i) * B);
            i += run;
            column += run;
            if (column < c.columns()) continue;
            column = 0;
            if (++line < part.rows(c)) continue;
            line = 0;
            ++example;
        }
    }
}

template <class Leave>
void bf16_results(const Copies &c, const Part &part, const TileTaps &taps, const Bf16 *weights,
                  const Bf16 *from, Leave leave) {
    for (std::int64_t block = 0; block < c.out_blocks; block += 2, weights += 2 * taps.weights())
        if (block + 1 < c.out_blocks)
            tile_results<2>(c, part, block, taps, weights, from, leave);
        else
            tile_results<1>(c, part, block, taps, weights, from, leave);
}

void bf16_forward(const Conv &conv, std::int64_t examples, const float *weights, const float *bias,
                  const float *x, std::int64_t x_stride, float *scratch, float *y,
                  std::int64_t y_stride, Signs *signs) {
    const Tiles tiles;
    const Copies c = copies_of(forward_view(conv));
    auto *const offsets = reinterpret_cast<std::int64_t *>(scratch);
    auto *const copies = reinterpret_cast<Bf16 *>(scratch + offset_floats(conv));
    for_pieces(largest_part(c, conv.kernel), c.lines, examples,
               [&](std::int64_t first, std::int64_t top, const Part &part) {
                   copy_part(c, part, top, copies,
                             [&](std::int64_t block, std::int64_t e, std::int64_t pixel) {
                                 return load(x + (first + e) * x_stride +
                                             (block * c.height * c.width + pixel) * B);
                             });
                   bf16_results(c, part, forward_taps(conv, c, part, offsets),
                                reinterpret_cast<const Bf16 *>(weights), copies,
                                [&](std::int64_t block, std::int64_t e, std::int64_t line,
                                    std::int64_t pixel, std::int64_t count, const float *from) {
                                    const Vector shift = load(bias + block * B);
                                    const std::int64_t at =
                                        (first + e) * y_stride +
                                        ((block * c.lines + top + line) * c.pixels + pixel) * B;
                                    for (std::int64_t i = 0; i < count * B; i += B) {
                                        Vector z = load(from + i) + shift;
                                        if (signs != nullptr) signs[(at + i) / B] = signs_of(z);
                                        if (conv.activation) z = rectify(z, conv.slope);
                                        store(y + at + i, z);
                                    }
                                });
               });
}

void bf16_gradient(const Conv &conv, std::int64_t examples, const float *weights, const float *g,
                   std::int64_t g_stride, const Signs *signs, float *scratch, float *dx,
                   std::int64_t dx_stride) {
    const Tiles tiles;
    const Copies c = copies_of(gradient_view(conv));
    auto *const offsets = reinterpret_cast<std::int64_t *>(scratch);
    auto *const copies = reinterpret_cast<Bf16 *>(scratch + offset_floats(conv));
    for_pieces(
        largest_part(c, conv.kernel), c.lines, examples,
        [&](std::int64_t first, std::int64_t top, const Part &part) {
            copy_part(
                c, part, top, copies, [&](std::int64_t block, std::int64_t e, std::int64_t pixel) {
                    const std::int64_t at =
                        (first + e) * g_stride + (block * c.height * c.width + pixel) * B;
                    return signs != nullptr ? rectify_by(signs[at / B], conv.slope, load(g + at))
                                            : load(g + at);
                });
            const auto *w = reinterpret_cast<const Bf16 *>(weights);
            for_residues(conv, [&](std::int64_t py, std::int64_t px, Residue down, Residue right) {
                const TileTaps t = residue_taps(c, part, down, right, offsets);
                bf16_results(
                    c, part, t, w, copies,
                    [&](std::int64_t block, std::int64_t e, std::int64_t line, std::int64_t pixel,
                        std::int64_t count, const float *from) {
                        const std::int64_t y =
                            (top + line + down.begin) * conv.stride + py - conv.padding;
                        if (y >= conv.height) return;
                        float *to = dx + (first + e) * dx_stride +
                                    (block * conv.height + y) * conv.width * B;
                        std::int64_t x = (pixel + right.begin) * conv.stride + px - conv.padding;
                        for (; count > 0 && x < conv.width; --count, x += conv.stride, from += B)
                            store(to + x * B, load(from));
                    });
                w += t.weights() * c.out_blocks;
            });
        });
}

}  // namespace
}  // namespace sequential
