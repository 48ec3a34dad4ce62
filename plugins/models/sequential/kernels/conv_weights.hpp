// The weights of kernels/conv.hpp in its order, and their gradient.
#pragma once

#include "kernels/conv.hpp"

namespace sequential {
namespace {

void direct_weights(const Conv &c, std::int64_t examples, const float *x, std::int64_t x_stride,
                    const float *g, std::int64_t g_stride, float *scratch, bool add, float *sums,
                    float *bias) {
    const View v = forward_view(c);
    for (std::int64_t i = 0; i < v.out_blocks * B && !add; ++i) bias[i] = 0;
    for_pieces(largest_piece(v), v.lines, examples,
               [&](std::int64_t example, std::int64_t first, const Piece &piece) {
                   float *const results = scratch + piece.in_floats(v);
                   copy_image(v, piece, first, x + example * x_stride, x_stride, scratch);
                   float *to = results;
                   for_results(
                       v, piece, example, first, results,
                       [&](std::int64_t block, std::int64_t line, std::int64_t e, const float *) {
                           const float *from =
                               g + e * g_stride + (block * v.lines + line) * v.pixels * B;
                           Vector sum = load(bias + block * B);
                           for (std::int64_t i = 0; i < v.pixels; ++i, from += B, to += B) {
                               sum += load(from);
                               store(to, load(from));
                           }
                           store(bias + block * B, sum);
                       });
                   weight_sums(piece.taps(v), v.out_blocks, {1, piece.strips(v), 0}, scratch,
                               results, add || example + first > 0, sums);
               });
}

std::int64_t direct_group(const Conv &c) {
    const std::int64_t forward = largest_piece(forward_view(c)).examples;
    const std::int64_t back = largest_piece(gradient_view(c)).examples;
    return forward > back ? forward : back;
}

std::int64_t direct_weights_group(const Conv &c) {
    return largest_piece(forward_view(c)).examples;
}

std::int64_t direct_scratch(const Conv &c) {
    const View v = forward_view(c), back = gradient_view(c);
    const std::int64_t forward = largest_piece(v).floats(v);
    const std::int64_t gradient = largest_piece(back).floats(back);
    return forward > gradient ? forward : gradient;
}

std::int64_t direct_packed_size(const Conv &c) {
    return Piece{}.taps(forward_view(c)).count() * blocks_of(c.out) * B;
}

// Calls visit(place of the vector, its lane, place in the parameter) for each weight.
template <class Visit>
void for_direct_weights(const Conv &c, Visit visit) {
    for_weight_vectors(
        Piece{}.taps(forward_view(c)), blocks_of(c.out),
        [&](std::int64_t place, std::int64_t o, std::int64_t i, std::int64_t ky, std::int64_t kx) {
            for (std::int64_t lane = 0; i < c.in && lane < B && o + lane < c.out; ++lane)
                visit(place + lane, (((o + lane) * c.in + i) * c.kernel + ky) * c.kernel + kx);
        });
}

void direct_pack(const Conv &c, const float *weights, float *packed) {
    for (std::int64_t i = 0; i < direct_packed_size(c); ++i) packed[i] = 0;
    for_direct_weights(
        c, [&](std::int64_t place, std::int64_t from) { packed[place] = weights[from]; });
}

void direct_deposit(const Conv &c, const float *sums, float *weights) {
    for_direct_weights(c, [&](std::int64_t place, std::int64_t to) { weights[to] += sums[place]; });
}

void direct_pack_gradient(const Conv &c, const float *weights, float *packed) {
    for (std::int64_t i = 0; i < direct_packed_size(c); ++i) packed[i] = 0;
    const std::int64_t in_blocks = blocks_of(c.in);
    for_residues(c, [&](std::int64_t py, std::int64_t px, Residue down, Residue right) {
        const Taps taps = taps_of(Piece{}.taps(gradient_view(c)), down, right);
        for_weight_vectors(
            taps, in_blocks,
            [&](std::int64_t place, std::int64_t i, std::int64_t o, std::int64_t row,
                std::int64_t column) {
                const std::int64_t ky = py + (taps.rows - 1 - row) * c.stride;
                const std::int64_t kx = px + column * c.stride;
                for (std::int64_t lane = 0; o < c.out && lane < B && i + lane < c.in; ++lane)
                    packed[place + lane] =
                        weights[((o * c.in + i + lane) * c.kernel + ky) * c.kernel + kx];
            });
        packed += taps.count() * in_blocks * B;
    });
}

}  // namespace
}  // namespace sequential
