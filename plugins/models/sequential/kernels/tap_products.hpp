// The core of convolutions: products of neighbouring results' inputs with weights, summed over
// input channels and taps, and the gradients of such weights.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

// The places of the results' inputs, those of neighbouring results side by side in each copy of an
// image's blocks: [block][phase][column][row]. Taps of the rows p, p + phases, ... find theirs in
// phase p, in consecutive rows.
struct Taps {
    std::int64_t blocks, phases, columns, rows;
    std::int64_t block_floats, copy_floats, row_floats;

    // Weights of one vector of inputs and one of results each.
    std::int64_t count() const { return blocks * columns * rows * B; }
};

// Calls visit(place, output, input, row, column) for every vector of outputs, with its place among
// the weights: [out blocks in pairs][in block][phase][column][row of the phase][B in][one or two
// blocks][B out], an odd last block alone.
template <class Visit>
void for_weight_vectors(const Taps &t, std::int64_t out_blocks, Visit visit) {
    std::int64_t place = 0;
    for (std::int64_t first = 0; first < out_blocks; first += 2)
        for (std::int64_t in = 0; in < t.blocks; ++in)
            for (std::int64_t phase = 0; phase < t.phases; ++phase)
                for (std::int64_t column = 0; column < t.columns; ++column)
                    for (std::int64_t row = phase; row < t.rows; row += t.phases)
                        for (std::int64_t i = in * B; i < (in + 1) * B; ++i)
                            for (std::int64_t o = first; o < first + 2 && o < out_blocks;
                                 ++o, place += B)
                                visit(place, o * B, i, row, column);
}

// Neighbouring results with up to two blocks of weights; the second block of results is `next`
// floats after the first.
template <int Blocks, int Strips>
void strip_products(const Taps &t, const float *weights, const float *from, float *to,
                    std::int64_t next) {
    Vector sum[Blocks][Strips] = {};
    for (std::int64_t in = 0; in < t.blocks; ++in, from += t.block_floats) {
        const float *copy = from;
        for (std::int64_t phase = 0; phase < t.phases; ++phase)
            for (std::int64_t column = 0; column < t.columns; ++column, copy += t.copy_floats) {
                const float *line = copy;
                for (std::int64_t row = phase; row < t.rows;
                     row += t.phases, line += t.row_floats) {
                    const float *v = line;
#pragma GCC unroll 2
                    for (std::int64_t i = 0; i < B; ++i, ++v, weights += Blocks * B) {
                        Vector w[Blocks];
#pragma GCC unroll 2
                        for (int b = 0; b < Blocks; ++b) w[b] = load(weights + b * B);
                        __builtin_prefetch(weights + ahead * Blocks * B);
                        if (Blocks > 1) __builtin_prefetch(weights + (ahead * Blocks + 1) * B);
#pragma GCC unroll 16
                        for (int s = 0; s < Strips; ++s)
#pragma GCC unroll 2
                            for (int b = 0; b < Blocks; ++b) sum[b][s] += w[b] * v[s * B];
                    }
                }
            }
    }
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int s = 0; s < Strips; ++s) store(to + b * next + s * B, sum[b][s]);
}

using StripProducts = void (*)(const Taps &, const float *, const float *, float *, std::int64_t);

template <int Blocks, int Strips = tile_size>
StripProducts strip_products_of(std::int64_t strips) {
    if constexpr (Strips > 1)
        if (strips < Strips) return strip_products_of<Blocks, Strips - 1>(strips);
    return strip_products<Blocks, Strips>;
}

template <int Blocks>
void block_products(const Taps &t, std::int64_t strips, const float *weights, const float *from,
                    float *to) {
    const std::int64_t tiles = (strips + tile_size - 1) / tile_size, next = strips * B;
    const std::int64_t each = strips / tiles, wider = strips % tiles;
    const StripProducts wide = strip_products_of<Blocks>(each + 1);
    const StripProducts narrow = strip_products_of<Blocks>(each);
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        (tile < wider ? wide : narrow)(t, weights, from, to, next);
        from += (tile < wider ? each + 1 : each) * B;
        to += (tile < wider ? each + 1 : each) * B;
    }
}

// Writes [out block][strip][B].
inline void products(const Taps &t, std::int64_t out_blocks, std::int64_t strips,
                     const float *weights, const float *from, float *to) {
    for (std::int64_t out = 0; out < out_blocks; out += 2) {
        const bool two = out + 1 < out_blocks;
        (two ? block_products<2> : block_products<1>)(t, strips, weights, from, to);
        weights += t.count() * (two ? 2 : 1) * B;
        to += 2 * strips * B;
    }
}

// Input channels whose sums stay in registers, with two blocks of outputs.
constexpr std::int64_t lanes = B == 16 ? 8 : 4;

// Strips of several examples, with the distance in floats from one example's points to the next's.
struct Strips {
    std::int64_t examples, count, stride;
};

// The strips' contribution to the gradient of some input channels' weights, added to the sums or
// replacing them.
template <int Blocks>
void lane_sums(const Strips &strips, const float *v, const float *g, bool add, float *sums) {
    Vector sum[lanes][Blocks];
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i)
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b)
            sum[i][b] = add ? load(sums + (i * Blocks + b) * B) : Vector{};
    const std::int64_t gap = strips.stride - strips.count * B;
    for (std::int64_t example = 0; example < strips.examples; ++example, v += gap, g += gap)
#pragma GCC unroll 2
        for (std::int64_t s = 0; s < strips.count; ++s, v += B, g += B) {
            Vector d[Blocks];
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) d[b] = load(g + b * strips.count * B);
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

// The same for all weights. g: [out block][strip][B].
inline void weight_sums(const Taps &t, std::int64_t out_blocks, const Strips &strips,
                        const float *from, const float *g, bool add, float *sums) {
    for (std::int64_t out = 0; out < out_blocks; out += 2, g += 2 * strips.count * B) {
        const bool two = out + 1 < out_blocks;
        for (std::int64_t in = 0; in < t.blocks; ++in) {
            const float *copy = from + in * t.block_floats;
            for (std::int64_t phase = 0; phase < t.phases; ++phase)
                for (std::int64_t column = 0; column < t.columns; ++column, copy += t.copy_floats) {
                    const float *v = copy;
                    for (std::int64_t row = phase; row < t.rows; row += t.phases, v += t.row_floats)
                        for (std::int64_t i = 0; i < B; i += lanes) {
                            (two ? lane_sums<2> : lane_sums<1>)(strips, v + i, g, add, sums);
                            sums += lanes * (two ? 2 : 1) * B;
                        }
                }
        }
    }
}

}  // namespace
}  // namespace sequential
