// The weights of kernels/conv_bf16.hpp in the order of kernels/amx_tiles.hpp, and the whole
// algorithm.
#pragma once

#include "kernels/conv_bf16.hpp"

namespace sequential {
namespace {

std::int64_t bf16_size(const Conv &c) {
    return divided_up(blocks_of(c.in), 2) * c.kernel * c.kernel * depth / 2 * B * blocks_of(c.out);
}

std::int64_t bf16_gradient_size(const Conv &c) {
    return divided_up(blocks_of(c.out), 2) * c.kernel * c.kernel * depth / 2 * B * blocks_of(c.in);
}

// Weights of `taps` taps from `from` channels to `to`: weight(to, from, tap).
template <class Weight>
Bf16 *pack_tiles(std::int64_t from, std::int64_t to, std::int64_t taps, Bf16 *packed,
                 Weight weight) {
    const std::int64_t blocks = blocks_of(to);
    const auto vector = [&](std::int64_t block, std::int64_t channel, std::int64_t tap) {
        Vector v = {};
        for (std::int64_t lane = 0; channel < from && lane < B && block * B + lane < to; ++lane)
            v[lane] = weight(block * B + lane, channel, tap);
        return v;
    };
    for (std::int64_t first = 0; first < blocks; first += 2)
        for (std::int64_t in = 0; in < from; in += depth)
            for (std::int64_t tap = 0; tap < taps; ++tap)
                for (std::int64_t block = first; block < first + 2 && block < blocks; ++block)
                    for (std::int64_t i = in; i < in + depth; i += 2, packed += 2 * B)
                        store_pairs(packed, vector(block, i, tap), vector(block, i + 1, tap));
    return packed;
}

void bf16_pack(const Conv &c, const float *weights, float *packed) {
    const std::int64_t taps = c.kernel * c.kernel;
    pack_tiles(c.in, c.out, taps, reinterpret_cast<Bf16 *>(packed),
               [&](std::int64_t o, std::int64_t i, std::int64_t tap) {
                   return weights[(o * c.in + i) * taps + tap];
               });
}

void bf16_pack_gradient(const Conv &c, const float *weights, float *packed) {
    auto *to = reinterpret_cast<Bf16 *>(packed);
    for_residues(c, [&](std::int64_t py, std::int64_t px, Residue down, Residue right) {
        to = pack_tiles(c.out, c.in, down.taps * right.taps, to,
                        [&](std::int64_t i, std::int64_t o, std::int64_t tap) {
                            const std::int64_t ky = py + tap / right.taps * c.stride;
                            const std::int64_t kx = px + tap % right.taps * c.stride;
                            return weights[((o * c.in + i) * c.kernel + ky) * c.kernel + kx];
                        });
    });
}

constexpr ConvBf16 conv_bf16_table{.size = bf16_size,
                                   .gradient_size = bf16_gradient_size,
                                   .pack = bf16_pack,
                                   .pack_gradient = bf16_pack_gradient,
                                   .scratch = bf16_scratch,
                                   .forward = bf16_forward,
                                   .gradient = bf16_gradient};

}  // namespace
}  // namespace sequential
