// Sums of products of bfloat16 numbers, in tiles: by the processor's matrix instructions (AMX), or
// in plain arithmetic with the same bits, except for denormal numbers.
#pragma once

#include "kernels/bf16.hpp"

#if defined(__AMX_BF16__)
#include <immintrin.h>
#endif

namespace sequential {
namespace {

constexpr std::int64_t depth = 2 * B;        // channels of a position, in one product
constexpr std::int64_t tile_positions = 32;  // results computed together

// The places of a result's factors: its position's `depth` channels, in each of `pairs` pairs of
// blocks, at each of `taps` offsets.
struct TileTaps {
    std::int64_t pairs, pair_stride, taps;
    const std::int64_t *offsets;

    std::int64_t weights() const { return pairs * taps * depth * B; }  // for a block of results
};

#if defined(__AMX_BF16__)

// Not every compiler knows which memory the intrinsics read and write.
inline void used_by_tiles(const void *memory) {
    asm volatile("" ::"r"(memory) : "memory");
}

/// While an object lives, tile_sums may be called on this thread.
class Tiles {
  public:
    Tiles() {
        struct alignas(64) {
            std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
            std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } const shape;
        used_by_tiles(&shape);
        _tile_loadconfig(&shape);
    }
    ~Tiles() { _tile_release(); }
    Tiles(const Tiles &) = delete;
    Tiles &operator=(const Tiles &) = delete;
};

/// For results at 32 positions and one or two blocks of channels. Weights [pair][tap][block]
/// [depth / 2][B out][2]; to: [block][position][B].
template <int Blocks>
void tile_sums(const TileTaps &t, const Bf16 *weights, const Bf16 *from, float *to) {
    constexpr std::int64_t bytes = 64, tile = 16 * depth;
    used_by_tiles(from);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::int64_t pair = 0; pair < t.pairs; ++pair, from += t.pair_stride)
        for (std::int64_t tap = 0; tap < t.taps; ++tap) {
            const Bf16 *const v = from + t.offsets[tap];
            _tile_loadd(4, v, bytes);
            _tile_loadd(5, v + tile, bytes);
            _tile_loadd(6, weights, bytes);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 5, 6);
            if constexpr (Blocks > 1) {
                _tile_loadd(7, weights + tile, bytes);
                _tile_dpbf16ps(2, 4, 7);
                _tile_dpbf16ps(3, 5, 7);
            }
            weights += Blocks * tile;
        }
    _tile_stored(0, to, bytes);
    _tile_stored(1, to + 16 * B, bytes);
    if constexpr (Blocks > 1) {
        _tile_stored(2, to + 32 * B, bytes);
        _tile_stored(3, to + 48 * B, bytes);
    }
    used_by_tiles(to);
}

#else

class Tiles {
  public:
    Tiles() {}
};

template <int Blocks>
void tile_sums(const TileTaps &t, const Bf16 *weights, const Bf16 *from, float *to) {
    const Bits upper = Bits{} + 0xFFFF0000;
    for (std::int64_t position = 0; position < tile_positions; ++position, from += depth) {
        Vector sum[Blocks] = {};
        const Bf16 *w = weights;
        for (std::int64_t pair = 0; pair < t.pairs; ++pair)
            for (std::int64_t tap = 0; tap < t.taps; ++tap)
                for (int b = 0; b < Blocks; ++b) {
                    const Bf16 *v = from + pair * t.pair_stride + t.offsets[tap];
                    Vector even = {}, odd = {};
                    for (std::int64_t i = 0; i < depth; i += 2, v += 2, w += 2 * B) {
                        std::uint32_t two;
                        Bits pairs;
                        __builtin_memcpy(&two, v, sizeof two);
                        __builtin_memcpy(&pairs, w, sizeof pairs);
                        const Bits both = Bits{} + two;
                        even += reinterpret_cast<Vector>(both << 16) *
                                reinterpret_cast<Vector>(pairs << 16);
                        odd += reinterpret_cast<Vector>(both & upper) *
                               reinterpret_cast<Vector>(pairs & upper);
                    }
                    sum[b] += even + odd;
                }
        for (int b = 0; b < Blocks; ++b) store(to + (b * tile_positions + position) * B, sum[b]);
    }
}

#endif

}  // namespace
}  // namespace sequential
