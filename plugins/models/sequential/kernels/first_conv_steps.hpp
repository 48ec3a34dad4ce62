// The gradient at the input of a convolution of few channels, for one gradient p at its output and
// successive inputs. A vector contains neighbouring pixels, so that nothing is summed across it,
// and the layer's results are used immediately and never stored.
//
// An image is split into phases, each of every stride-th row and column; within a phase a tap of
// the kernel is a shift. All rows of a phase are stored consecutively, each as long as an output
// row plus the reach of its windows; in the extra columns p is zero.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

// Tiles, and with them channels or taps, whose sums stay in registers.
constexpr int tiles_at_once = B == 16 ? 3 : 2;
constexpr int channels_at_once = B == 16 ? 8 : 4, taps_at_once = B == 16 ? 9 : 5;

struct Phases {
    std::int64_t taps, reach, pitch, rows, tiles;
    std::int64_t lead;          // the furthest shift, up to whole vectors
    std::int64_t image, plane;  // floats of a phase, and of one tap's contribution
};

inline std::int64_t whole(std::int64_t count) {
    return (count + B - 1) / B * B;
}

inline Phases phases_of(const FirstConv &c) {
    Phases f{};
    f.taps = c.channels * c.kernel * c.kernel;
    f.reach = (c.kernel + c.stride - 1) / c.stride;
    f.pitch = c.out_width + f.reach - 1;
    f.rows = c.out_height + f.reach - 1;
    f.tiles = (c.out_height * f.pitch + B - 1) / B;
    f.lead = whole((f.reach - 1) * (f.pitch + 1));
    f.image = f.lead + f.tiles * B;
    f.plane = f.lead + f.tiles * B + f.lead + B;
    return f;
}

// Consecutive parts of the scratch memory.
struct StepScratch {
    float *images, *p;
    float *g;  // of neighbouring tiles
    float *planes;
    std::int64_t *shifts;  // of each tap, from the first image
    std::int64_t *back;    // of each tap, from a pixel of its phase into its plane, by phase
};

inline StepScratch step_scratch(const FirstConv &c, const Phases &f, float *scratch) {
    StepScratch s{};
    s.images = scratch;
    s.p = s.images + c.channels * c.stride * c.stride * f.image;
    s.g = s.p + f.tiles * c.out * B;
    s.planes = s.g + tiles_at_once * c.out * B;
    s.shifts = reinterpret_cast<std::int64_t *>(s.planes + f.taps * f.plane);
    s.back = s.shifts + f.taps;
    return s;
}

std::int64_t step_scratch_size(const FirstConv &c) {
    const Phases f = phases_of(c);
    return c.channels * c.stride * c.stride * f.image + (f.tiles + tiles_at_once) * c.out * B +
           f.taps * (f.plane + 4);
}

// One phase of x: every stride-th row and column, from these.
struct Phase {
    std::int64_t channel, ky, kx, index;
};

template <class Visit>
void for_phases(const FirstConv &c, const Visit &visit) {
    Phase phase{};
    for (phase.channel = 0; phase.channel < c.channels; ++phase.channel)
        for (phase.ky = 0; phase.ky < c.stride; ++phase.ky)
            for (phase.kx = 0; phase.kx < c.stride; ++phase.kx, ++phase.index) visit(phase);
}

// Moves a gradient from blocks of channels to tiles: [tile][channel][B pixels].
inline void cut_into_tiles(const FirstConv &c, const Phases &f, const float *p, float *to) {
    const float gap[B] = {};
    std::int64_t row = 0, column = 0;
    for (std::int64_t tile = 0; tile < f.tiles; ++tile) {
        const float *pixel[B];
        std::int64_t next[B];  // from one block of channels to the next
        for (std::int64_t i = 0; i < B; ++i) {
            const bool inside = row < c.out_height && column < c.out_width;
            pixel[i] = inside ? p + (row * c.out_width + column) * B : gap;
            next[i] = inside ? c.out_height * c.out_width * B : 0;
            if (++column == f.pitch) column = 0, ++row;
        }
        for (std::int64_t first = 0; first < c.out; first += B) {
            Vector v[B];
#pragma GCC unroll 16
            for (int i = 0; i < B; ++i) {
                v[i] = load(pixel[i]);
                pixel[i] += next[i];
            }
            transpose(v);
#pragma GCC unroll 16
            for (int o = 0; o < B; ++o)
                if (first + o < c.out) store(to + (first + o) * B, v[o]);
        }
        to += c.out * B;
    }
}

void conv_load_gradient(const FirstConv &c, const float *p, float *scratch) {
    const Phases f = phases_of(c);
    const StepScratch s = step_scratch(c, f, scratch);
    const auto clear = [](float *from, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) from[i] = 0.0F;
    };
    clear(s.images, s.p - s.images);
    cut_into_tiles(c, f, p, s.p);
    // In addition to what the steps write.
    for (float *plane = s.planes; plane < s.planes + f.taps * f.plane; plane += f.plane) {
        clear(plane, f.lead);
        clear(plane + f.lead + f.tiles * B, f.lead + B);
    }
    std::int64_t *back = s.back;
    for_phases(c, [&](const Phase &phase) {
        for (std::int64_t ky = phase.ky; ky < c.kernel; ky += c.stride)
            for (std::int64_t kx = phase.kx; kx < c.kernel; kx += c.stride) {
                const std::int64_t tap = (phase.channel * c.kernel + ky) * c.kernel + kx;
                const std::int64_t shift = ky / c.stride * f.pitch + kx / c.stride;
                s.shifts[tap] = phase.index * f.image + shift;
                *back++ = tap * f.plane + f.lead - shift;
            }
    });
}

// Calls row(column, first, count) for a phase's part of each row of x: the pixels first, first +
// stride, ... are in its columns from `column` on.
template <class Row>
void for_rows(const FirstConv &c, const Phases &f, const Phase &phase, const Row &row) {
    // The first column whose pixel is not padding.
    const std::int64_t before = c.padding - phase.kx;
    const std::int64_t column = before > 0 ? (before + c.stride - 1) / c.stride : 0;
    const std::int64_t first = column * c.stride - before;
    std::int64_t count = (c.width - first + c.stride - 1) / c.stride;
    if (count > f.pitch - column) count = f.pitch - column;
    for (std::int64_t i = 0; i < f.rows; ++i) {
        const std::int64_t y = i * c.stride + phase.ky - c.padding;
        if (y >= 0 && y < c.height)
            row(i * f.pitch + column, (phase.channel * c.height + y) * c.width + first, count);
    }
}

// g = p, and slope p where the layer's result is not above zero, in some channels of some tiles.
template <int Channels, int Tiles>
void gate(const FirstConv &c, const Phases &f, const StepScratch &s, const float *weights,
          const float *bias, const float *x, const float *p, float *g) {
    Vector z[Channels][Tiles];
#pragma GCC unroll 8
    for (int o = 0; o < Channels; ++o)
#pragma GCC unroll 4
        for (int i = 0; i < Tiles; ++i) z[o][i] = Vector{} + bias[o];
    const std::int64_t filter = c.blocks * B, tile = c.out * B;
#pragma GCC unroll 1
    for (std::int64_t tap = 0; tap < f.taps; ++tap, weights += filter) {
        Vector v[Tiles];
#pragma GCC unroll 4
        for (int i = 0; i < Tiles; ++i) v[i] = load(x + s.shifts[tap] + i * B);
#pragma GCC unroll 8
        for (int o = 0; o < Channels; ++o)
#pragma GCC unroll 4
            for (int i = 0; i < Tiles; ++i) z[o][i] += weights[o] * v[i];
    }
    const float slope = c.slope;
#pragma GCC unroll 8
    for (int o = 0; o < Channels; ++o)
#pragma GCC unroll 4
        for (int i = 0; i < Tiles; ++i)
            store(g + i * tile + o * B, mask(load(p + i * tile + o * B), z[o][i], slope));
}

// The contribution of some taps from some tiles, summed over the channels. Prefetches p of the next
// tiles.
template <int Taps, int Tiles>
void send_back(const FirstConv &c, const Phases &f, const float *weights, const float *g,
               const float *next, float *plane) {
    Vector sum[Taps][Tiles] = {};
    const std::int64_t tile = c.out * B;
#pragma GCC unroll 1
    for (std::int64_t o = 0; o < c.out; ++o, weights += f.taps) {
        Vector v[Tiles];
#pragma GCC unroll 4
        for (int i = 0; i < Tiles; ++i) {
            v[i] = load(g + i * tile + o * B);
            __builtin_prefetch(next + i * tile + o * B);
        }
#pragma GCC unroll 12
        for (int tap = 0; tap < Taps; ++tap)
#pragma GCC unroll 4
            for (int i = 0; i < Tiles; ++i) sum[tap][i] += weights[tap] * v[i];
    }
#pragma GCC unroll 12
    for (int tap = 0; tap < Taps; ++tap)
#pragma GCC unroll 4
        for (int i = 0; i < Tiles; ++i) store(plane + tap * f.plane + i * B, sum[tap][i]);
}

template <int Tiles, int Taps = taps_at_once>
void send_back_of(std::int64_t taps, const FirstConv &c, const Phases &f, const float *weights,
                  const float *g, const float *next, float *plane) {
    if constexpr (Taps > 1)
        if (taps < Taps) return send_back_of<Tiles, Taps - 1>(taps, c, f, weights, g, next, plane);
    send_back<Taps, Tiles>(c, f, weights, g, next, plane);
}

// The same in all channels.
template <int Tiles>
void gate_tiles(const FirstConv &c, const Phases &f, const StepScratch &s, const float *weights,
                const float *bias, std::int64_t tile, float *g) {
    const float *x = s.images + tile * B, *p = s.p + tile * c.out * B;
    std::int64_t o = 0;
    for (; o + channels_at_once <= c.out; o += channels_at_once)
        gate<channels_at_once, Tiles>(c, f, s, weights + o, bias + o, x, p + o * B, g + o * B);
    for (; o < c.out; ++o) gate<1, Tiles>(c, f, s, weights + o, bias + o, x, p + o * B, g + o * B);
}

// Forward and backward in some neighbouring tiles.
template <int Tiles>
void step_tiles(const FirstConv &c, const Phases &f, const StepScratch &s, const float *weights,
                const float *turned, const float *bias, std::int64_t tile) {
    gate_tiles<Tiles>(c, f, s, weights, bias, tile, s.g);
    const float *const next = s.p + (tile + Tiles) * c.out * B;
    for (std::int64_t tap = 0, count = 0; tap < f.taps; tap += count) {
        count = f.taps - tap < taps_at_once ? f.taps - tap : taps_at_once;
        send_back_of<Tiles>(count, c, f, turned + tap, s.g, next,
                            s.planes + tap * f.plane + f.lead + tile * B);
    }
}

inline void cut_into_phases(const FirstConv &c, const Phases &f, const StepScratch &s,
                            const float *x) {
    for_phases(c, [&](const Phase &phase) {
        float *image = s.images + phase.index * f.image;
        for_rows(c, f, phase, [&](std::int64_t to, std::int64_t from, std::int64_t count) {
            if (c.stride != 1 || count < B) {
                for (std::int64_t i = 0; i < count; ++i) image[to + i] = x[from + i * c.stride];
                return;
            }
            for (std::int64_t i = 0; i < count; i += B) {
                if (i + B > count) i = count - B;
                store(image + to + i, load(x + from + i));
            }
        });
    });
}

void conv_step(const FirstConv &c, const float *weights, const float *turned, const float *bias,
               const float *x, float *scratch, float *dx) {
    const Phases f = phases_of(c);
    const StepScratch s = step_scratch(c, f, scratch);
    const std::int64_t stride = c.stride;
    cut_into_phases(c, f, s, x);
    std::int64_t tile = 0;
    for (; tile + tiles_at_once <= f.tiles; tile += tiles_at_once)
        step_tiles<tiles_at_once>(c, f, s, weights, turned, bias, tile);
    for (; tile < f.tiles; ++tile) step_tiles<1>(c, f, s, weights, turned, bias, tile);
    for (std::int64_t i = 0; i < c.channels * c.height * c.width; ++i) dx[i] = 0.0F;
    const std::int64_t *back = s.back;
    for_phases(c, [&](const Phase &phase) {
        const std::int64_t *end = back;
        end += ((c.kernel - phase.ky + stride - 1) / stride) *
               ((c.kernel - phase.kx + stride - 1) / stride);
        for_rows(c, f, phase, [&](std::int64_t from, std::int64_t to, std::int64_t count) {
            for (std::int64_t i = 0; i < count; i += B) {
                // The last whole vector of a row overlaps the previous one.
                if (stride == 1 && count >= B && i + B > count) i = count - B;
                Vector sum{}, other{};  // so that an addition need not wait for the previous one
                const float *const planes = s.planes + from + i;
                const std::int64_t *tap = back;
                for (; tap + 2 <= end; tap += 2) {
                    sum += load(planes + tap[0]);
                    other += load(planes + tap[1]);
                }
                if (tap < end) sum += load(planes + *tap);
                sum += other;
                if (stride == 1 && i + B <= count)
                    store(dx + to + i, sum);
                else
                    for (std::int64_t j = 0; j < B && i + j < count; ++j)
                        dx[to + (i + j) * stride] = sum[j];
            }
        });
        back = end;
    });
}

}  // namespace
}  // namespace sequential
