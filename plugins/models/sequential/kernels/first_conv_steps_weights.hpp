// The gradient of the weights of kernels/first_conv_steps.hpp at the point that the steps reached:
// from the same p, in the same tiles.
#pragma once

#include "kernels/first_conv_steps.hpp"

namespace sequential {
namespace {

// Adds the gradient of some taps of some channels, over all tiles, to [tap][out padded] and to the
// bias. Prefetches the next channels.
template <int Channels, int Taps>
void add_tap_sums(const FirstConv &c, const Phases &f, const StepScratch &s, std::int64_t tap,
                  const float *g, float *weights, float *bias) {
    Vector sum[Taps][Channels] = {}, total[Channels] = {};
    const float *x = s.images;
#pragma GCC unroll 1
    for (std::int64_t tile = 0; tile < f.tiles; ++tile, x += B, g += c.out * B) {
        Vector v[Channels];
#pragma GCC unroll 2
        for (int o = 0; o < Channels; ++o) {
            v[o] = load(g + o * B);
            total[o] += v[o];
            __builtin_prefetch(g + (o + Channels) * B);
        }
#pragma GCC unroll 9
        for (int i = 0; i < Taps; ++i) {
            const Vector pixels = in_register(load(x + s.shifts[tap + i]));
#pragma GCC unroll 2
            for (int o = 0; o < Channels; ++o) sum[i][o] += v[o] * pixels;
        }
    }
    for (int o = 0; o < Channels; ++o) {
        for (int i = 0; i < Taps; ++i) weights[(tap + i) * c.blocks * B + o] += sum_of(sum[i][o]);
        if (tap == 0) bias[o] += sum_of(total[o]);
    }
}

template <int Channels, int Taps = taps_at_once>
void add_sums(std::int64_t taps, const FirstConv &c, const Phases &f, const StepScratch &s,
              std::int64_t tap, const float *g, float *weights, float *bias) {
    if constexpr (Taps > 1)
        if (taps < Taps) return add_sums<Channels, Taps - 1>(taps, c, f, s, tap, g, weights, bias);
    add_tap_sums<Channels, Taps>(c, f, s, tap, g, weights, bias);
}

void conv_step_weights(const FirstConv &c, const float *weights, const float *bias, const float *x,
                       float *scratch, float *weight_sums, float *bias_sums) {
    const Phases f = phases_of(c);
    const StepScratch s = step_scratch(c, f, scratch);
    cut_into_phases(c, f, s, x);
    // p itself becomes the gradient before the activation.
    std::int64_t tile = 0;
    for (; tile + tiles_at_once <= f.tiles; tile += tiles_at_once)
        gate_tiles<tiles_at_once>(c, f, s, weights, bias, tile, s.p + tile * c.out * B);
    for (; tile < f.tiles; ++tile)
        gate_tiles<1>(c, f, s, weights, bias, tile, s.p + tile * c.out * B);
    for (std::int64_t tap = 0, count = 0; tap < f.taps; tap += count) {
        count = f.taps - tap < taps_at_once ? f.taps - tap : taps_at_once;
        std::int64_t o = 0;
        for (; o + 2 <= c.out; o += 2)
            add_sums<2>(count, c, f, s, tap, s.p + o * B, weight_sums + o, bias_sums + o);
        if (o < c.out)
            add_sums<1>(count, c, f, s, tap, s.p + o * B, weight_sums + o, bias_sums + o);
    }
}

}  // namespace
}  // namespace sequential
