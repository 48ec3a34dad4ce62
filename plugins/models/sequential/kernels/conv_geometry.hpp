// Which pixels of an image a convolution of any kernel, stride and padding reads, and which of the
// output gradient its gradient at the input reads.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

inline std::int64_t blocks_of(std::int64_t channels) {
    return (channels + B - 1) / B;
}

// Weights that exceed the nearer caches must be used for more strips per fetch.
inline bool far_weights(std::int64_t floats) {
    return floats > 1 << 18;
}

inline std::int64_t divided_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

// An image, the copies that are made of it, and the results.
struct View {
    std::int64_t blocks, height, width;      // of the image
    std::int64_t stride;                     // distance in it between neighbours in a copy
    std::int64_t phases, columns, rows;      // of the copies' taps, see Taps
    std::int64_t top, left, step;            // the first copy's first pixel; to the next column's
    std::int64_t out_blocks, lines, pixels;  // of the results: rows, and pixels in each

    std::int64_t copies() const { return phases * columns; }
    std::int64_t more() const { return divided_up(rows, phases) - 1; }  // rows than there are lines
};

inline View forward_view(const Conv &c) {
    return {.blocks = blocks_of(c.in),
            .height = c.height,
            .width = c.width,
            .stride = c.stride,
            .phases = c.stride < c.kernel ? c.stride : c.kernel,
            .columns = c.kernel,
            .rows = c.kernel,
            .top = -c.padding,
            .left = -c.padding,
            .step = 1,
            .out_blocks = blocks_of(c.out),
            .lines = c.out_height(),
            .pixels = c.out_width()};
}

// Backwards: the input pixels i * stride + p - padding have residue p, starting with the first one
// that is not padding. They meet the kernel's taps j * stride + p, each with output pixel i - j.
struct Residue {
    std::int64_t begin, taps;
};

inline Residue residue_of(const Conv &c, std::int64_t p) {
    return {p < c.padding ? divided_up(c.padding - p, c.stride) : 0,
            p < c.kernel ? divided_up(c.kernel - p, c.stride) : 0};
}

// Calls visit(py, px, residue_of(c, py), residue_of(c, px)) for all, in the order of the weights.
template <class Visit>
void for_residues(const Conv &c, Visit visit) {
    for (std::int64_t py = 0; py < c.stride; ++py)
        for (std::int64_t px = 0; px < c.stride; ++px)
            visit(py, px, residue_of(c, py), residue_of(c, px));
}

inline View gradient_view(const Conv &c) {
    std::int64_t low = 0, high = 0;  // of the pixels that the first of all residues see
    for (std::int64_t p = 0; p < c.stride; ++p) {
        const Residue residue = residue_of(c, p);
        if (p == 0 || residue.begin > high) high = residue.begin;
        if (p == 0 || residue.begin - residue.taps + 1 < low)
            low = residue.begin - residue.taps + 1;
    }
    return {.blocks = blocks_of(c.out),
            .height = c.out_height(),
            .width = c.out_width(),
            .stride = 1,
            .phases = 1,
            .columns = high - low + 1,
            .rows = high - low + 1,
            .top = low,
            .left = high,
            .step = -1,
            .out_blocks = blocks_of(c.in),
            .lines = divided_up(c.height, c.stride),
            .pixels = divided_up(c.width, c.stride)};
}

// Splits examples and lines of their results into pieces of at most `most.examples` and
// `most.lines`, and calls work(example, line, piece) for each.
template <class Piece, class Work>
void for_pieces(const Piece &most, std::int64_t lines, std::int64_t examples, Work work) {
    for (std::int64_t e = 0; e < examples; e += most.examples)
        for (std::int64_t line = 0; line < lines; line += most.lines) {
            Piece piece = most;
            if (examples - e < piece.examples) piece.examples = examples - e;
            if (lines - line < piece.lines) piece.lines = lines - line;
            work(e, line, piece);
        }
}

}  // namespace
}  // namespace sequential
