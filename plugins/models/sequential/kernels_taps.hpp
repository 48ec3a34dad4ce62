// What convolutions are made of: products of neighbouring results' inputs with weights, summed over
// input channels and taps, and the gradients of such weights. Number: float or Bf16.
#pragma once

#include "kernels_bf16.hpp"

namespace sequential {
namespace {

// Where the inputs of results lie, those of neighbouring results side by side in each copy of an
// image's blocks: [block][phase][column][row]. Taps of the rows p, p + phases, ... find theirs in
// phase p, one row behind the other.
struct Taps {
    std::int64_t blocks, phases, columns, rows;
    std::int64_t block_floats, copy_floats, row_floats;

    // Weights of one vector of inputs and one of results each.
    std::int64_t count() const { return blocks * columns * rows * B; }
};

inline std::int64_t blocks_of(std::int64_t channels) {
    return (channels + B - 1) / B;
}

// Calls visit(place, output, input, row, column) for every vector of outputs, with its place among
// the weights: [out blocks in pairs][in block][phase][column][row of the phase][B in][one or two
// blocks][B out], an odd last block by itself.
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

// Weights [B in][Blocks][B out] of one block of inputs.
template <int Blocks, int Strips>
inline void add_block(const float *weights, const float *v, Vector (&sum)[Blocks][Strips]) {
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

// [B in / 2][Blocks][B out][2 in].
template <int Blocks, int Strips>
inline void add_block(const Bf16 *weights, const Bf16 *v, Vector (&sum)[Blocks][Strips]) {
#pragma GCC unroll 2
    for (std::int64_t i = 0; i < B; i += 2, v += 2, weights += B * 2 * Blocks) {
        Bits w[Blocks];
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) w[b] = load_pairs(weights + b * B * 2);
        __builtin_prefetch(weights + ahead * 2 * Blocks * B);
        if (Blocks > 1) __builtin_prefetch(weights + (ahead * Blocks + 1) * 2 * B);
#pragma GCC unroll 16
        for (int s = 0; s < Strips; ++s) {
            const Bits pair = one_pair(v + s * B);
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) sum[b][s] = add_pairs(sum[b][s], w[b], pair);
        }
    }
}

// Brings weights into the second order.
inline void round_weights(const Taps &t, std::int64_t out_blocks, const float *from, Bf16 *to) {
    for (std::int64_t out = 0; out < out_blocks; out += 2) {
        const std::int64_t width = (out + 1 < out_blocks ? 2 : 1) * B;
        for (std::int64_t i = 0; i < t.count(); i += 2, from += 2 * width)
            for (std::int64_t o = 0; o < width; o += B, to += 2 * B) {
                const Bits pairs = rounded(load(from + o)) | rounded(load(from + width + o)) << 16;
                __builtin_memcpy(to, &pairs, sizeof pairs);
            }
    }
}

// Neighbouring results with up to two blocks of weights; the second block of results lies `next`
// floats behind the first.
template <int Blocks, int Strips, class Number>
void strip_products(const Taps &t, const Number *weights, const Number *from, float *to,
                    std::int64_t next) {
    Vector sum[Blocks][Strips] = {};
    for (std::int64_t in = 0; in < t.blocks; ++in, from += t.block_floats) {
        const Number *copy = from;
        for (std::int64_t phase = 0; phase < t.phases; ++phase)
            for (std::int64_t column = 0; column < t.columns; ++column, copy += t.copy_floats) {
                const Number *line = copy;
                for (std::int64_t row = phase; row < t.rows;
                     row += t.phases, line += t.row_floats) {
                    add_block(weights, line, sum);
                    weights += Blocks * B * B;
                }
            }
    }
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int s = 0; s < Strips; ++s) store(to + b * next + s * B, sum[b][s]);
}

template <class Number>
using StripProducts = void (*)(const Taps &, const Number *, const Number *, float *, std::int64_t);

template <class Number, int Blocks, int Strips = tile_size>
StripProducts<Number> strip_products_of(std::int64_t strips) {
    if constexpr (Strips > 1)
        if (strips < Strips) return strip_products_of<Number, Blocks, Strips - 1>(strips);
    return strip_products<Blocks, Strips, Number>;
}

template <int Blocks, class Number>
void block_products(const Taps &t, std::int64_t strips, const Number *weights, const Number *from,
                    float *to) {
    const std::int64_t tiles = (strips + tile_size - 1) / tile_size, next = strips * B;
    const std::int64_t each = strips / tiles, wider = strips % tiles;
    const auto wide = strip_products_of<Number, Blocks>(each + 1);
    const auto narrow = strip_products_of<Number, Blocks>(each);
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        (tile < wider ? wide : narrow)(t, weights, from, to, next);
        from += (tile < wider ? each + 1 : each) * B;
        to += (tile < wider ? each + 1 : each) * B;
    }
}

// Writes [out block][strip][B].
template <class Number>
void products(const Taps &t, std::int64_t out_blocks, std::int64_t strips, const Number *weights,
              const Number *from, float *to) {
    for (std::int64_t out = 0; out < out_blocks; out += 2) {
        const bool two = out + 1 < out_blocks;
        (two ? block_products<2, Number> : block_products<1, Number>)(t, strips, weights, from, to);
        weights += t.count() * (two ? 2 : 1) * B;
        to += 2 * strips * B;
    }
}

// Input channels whose sums stay in registers, with two blocks of outputs.
constexpr std::int64_t lanes = B == 16 ? 8 : 4;

// Strips of several examples, one example's points so many floats behind the other's.
struct Strips {
    std::int64_t examples, count, stride;
};

// What the strips give to the gradient of some input channels' weights, added to the sums or in
// their place.
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

// Weights that no cache near by holds are to be fetched for more strips.
inline bool far_weights(std::int64_t floats) {
    return floats > 1 << 18;
}

}  // namespace
}  // namespace sequential
