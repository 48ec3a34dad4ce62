// The gradient at the input of a convolution of few channels, for one gradient p at its output and
// one input after the other. Neighbouring pixels lie side by side in a vector, so that nothing is
// summed across it, and what the layer gives is used where it arises and never stored.
//
// An image is cut into phases: of every stride-th row and column each. In them a tap of the kernel
// is a shift. All rows of a phase lie one behind the other, as long as an output's row and what its
// windows reach beyond it; at the columns beyond, p is zero.
#pragma once

#include "kernels_vector.hpp"

namespace sequential {
namespace {

struct Phases {
    std::int64_t taps, reach, pitch, rows, tiles;
    std::int64_t lead;          // the furthest shift, up to whole vectors
    std::int64_t image, plane;  // floats of a phase, and of what one tap sends back
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

// Parts of the scratch memory, one behind the other.
struct StepScratch {
    float *images, *p, *g, *planes;
    std::int64_t *shifts;  // of each tap, from the first image
};

inline StepScratch step_scratch(const FirstConv &c, const Phases &f, float *scratch) {
    StepScratch s{};
    s.images = scratch;
    s.p = s.images + c.channels * c.stride * c.stride * f.image;
    s.g = s.p + f.tiles * c.out * B;
    s.planes = s.g + c.out * B;
    s.shifts = reinterpret_cast<std::int64_t *>(s.planes + f.taps * f.plane);
    return s;
}

std::int64_t step_scratch_size(const FirstConv &c) {
    const Phases f = phases_of(c);
    return c.channels * c.stride * c.stride * f.image + (f.tiles + 1) * c.out * B +
           f.taps * (f.plane + 2);
}

void conv_aim(const FirstConv &c, const float *p, float *scratch) {
    const Phases f = phases_of(c);
    const StepScratch s = step_scratch(c, f, scratch);
    for (float *to = s.images; to < s.p; ++to) *to = 0.0F;
    for (std::int64_t i = 0; i < f.taps * f.plane; ++i) s.planes[i] = 0.0F;
    for (std::int64_t i = 0; i < f.tiles * c.out * B; ++i) s.p[i] = 0.0F;
    for (std::int64_t o = 0; o < c.out; ++o)
        for (std::int64_t row = 0; row < c.out_height; ++row, p += c.out_width)
            for (std::int64_t column = 0, part = 0; column < c.out_width; column += part) {
                const std::int64_t pixel = row * f.pitch + column, lane = pixel % B;
                part = c.out_width - column < B - lane ? c.out_width - column : B - lane;
                float *to = s.p + (pixel / B * c.out + o) * B + lane;
                for (std::int64_t i = 0; i < part; ++i) to[i] = p[column + i];
            }
    for (std::int64_t tap = 0; tap < f.taps; ++tap) {
        const std::int64_t kx = tap % c.kernel, ky = tap / c.kernel % c.kernel;
        const std::int64_t channel = tap / (c.kernel * c.kernel);
        const std::int64_t phase = (channel * c.stride + ky % c.stride) * c.stride + kx % c.stride;
        s.shifts[tap] = phase * f.image + ky / c.stride * f.pitch + kx / c.stride;
    }
}

// Calls row(image, y, first, column, count) for what a phase has of each row of x: the pixels
// first, first + stride, ... lie in its columns from `column`.
template <class Row>
void for_phase_rows(const FirstConv &c, const Phases &f, const Row &row) {
    for (std::int64_t phase = 0; phase < c.channels * c.stride * c.stride; ++phase) {
        const std::int64_t px = phase % c.stride, py = phase / c.stride % c.stride;
        const std::int64_t channel = phase / (c.stride * c.stride);
        // The first column whose pixel is no padding.
        const std::int64_t column = c.padding > px ? (c.padding - px + c.stride - 1) / c.stride : 0;
        const std::int64_t first = column * c.stride + px - c.padding;
        std::int64_t count = (c.width - first + c.stride - 1) / c.stride;
        if (count > f.pitch - column) count = f.pitch - column;
        for (std::int64_t i = 0; i < f.rows; ++i) {
            const std::int64_t y = i * c.stride + py - c.padding;
            if (y >= 0 && y < c.height)
                row(phase, i * f.pitch + column, (channel * c.height + y) * c.width + first, count);
        }
    }
}

// g = p, and slope p where the layer gives nothing above zero, in some channels of a tile.
template <int Channels>
void gate(const FirstConv &c, const Phases &f, const StepScratch &s, const float *weights,
          const float *bias, const float *x, const float *p, float *g) {
    Vector z[Channels];
#pragma GCC unroll 8
    for (int o = 0; o < Channels; ++o) z[o] = Vector{} + bias[o];
#pragma GCC unroll 1
    for (std::int64_t tap = 0; tap < f.taps; ++tap) {
        const Vector v = load(x + s.shifts[tap]);
        const float *w = weights + tap * c.blocks * B;
#pragma GCC unroll 8
        for (int o = 0; o < Channels; ++o) z[o] += w[o] * v;
    }
#pragma GCC unroll 8
    for (int o = 0; o < Channels; ++o) store(g + o * B, mask(load(p + o * B), z[o], c.slope));
}

// What some taps send back from a tile: sums over the channels.
template <int Taps>
void send_back(const FirstConv &c, const Phases &f, const float *weights, const float *g,
               float *plane) {
    Vector sum[Taps] = {};
#pragma GCC unroll 1
    for (std::int64_t o = 0; o < c.out; ++o) {
        const Vector v = load(g + o * B);
#pragma GCC unroll 12
        for (int tap = 0; tap < Taps; ++tap) sum[tap] += weights[o * f.taps + tap] * v;
    }
#pragma GCC unroll 12
    for (int tap = 0; tap < Taps; ++tap) store(plane + tap * f.plane, sum[tap]);
}

template <int Taps = 12, class... Rest>
void send_back_of(std::int64_t taps, const Rest &...rest) {
    if constexpr (Taps > 1)
        if (taps < Taps) return send_back_of<Taps - 1>(taps, rest...);
    send_back<Taps>(rest...);
}

// Sum of what the taps of a phase send to `pixel` and its neighbours.
inline void gather(const FirstConv &c, const Phases &f, const StepScratch &s, std::int64_t phase,
                   std::int64_t pixel, Vector &sum) {
    const std::int64_t px = phase % c.stride, py = phase / c.stride % c.stride;
    const std::int64_t channel = phase / (c.stride * c.stride);
    sum = Vector{};
    for (std::int64_t ky = py; ky < c.kernel; ky += c.stride)
        for (std::int64_t kx = px; kx < c.kernel; kx += c.stride) {
            const std::int64_t tap = (channel * c.kernel + ky) * c.kernel + kx;
            sum +=
                load(s.planes + tap * f.plane + f.lead + pixel - (s.shifts[tap] - phase * f.image));
        }
}

void conv_step(const FirstConv &c, const float *weights, const float *turned, const float *bias,
               const float *x, float *scratch, float *dx) {
    const Phases f = phases_of(c);
    const StepScratch s = step_scratch(c, f, scratch);
    for_phase_rows(c, f, [&](std::int64_t phase, std::int64_t to, std::int64_t from, auto count) {
        float *image = s.images + phase * f.image + to;
        for (std::int64_t i = 0; i < count; ++i) image[i] = x[from + i * c.stride];
    });
    for (std::int64_t tile = 0; tile < f.tiles; ++tile) {
        const float *p = s.p + tile * c.out * B;
        std::int64_t o = 0;
        for (; o + 8 <= c.out; o += 8)
            gate<8>(c, f, s, weights + o, bias + o, s.images + tile * B, p + o * B, s.g + o * B);
        for (; o < c.out; ++o)
            gate<1>(c, f, s, weights + o, bias + o, s.images + tile * B, p + o * B, s.g + o * B);
        const std::int64_t groups = (f.taps + 11) / 12;
        for (std::int64_t group = 0; group < groups; ++group) {
            const std::int64_t tap = group * f.taps / groups;
            send_back_of((group + 1) * f.taps / groups - tap, c, f, turned + tap, s.g,
                         s.planes + tap * f.plane + f.lead + tile * B);
        }
    }
    for (std::int64_t i = 0; i < c.channels * c.height * c.width; ++i) dx[i] = 0.0F;
    for_phase_rows(c, f, [&](std::int64_t phase, std::int64_t from, std::int64_t to, auto count) {
        for (std::int64_t i = 0; i < count; i += B) {
            // The last whole vector of a row goes over what the one before has written.
            if (c.stride == 1 && count >= B && i + B > count) i = count - B;
            Vector sum;
            gather(c, f, s, phase, from + i, sum);
            if (c.stride == 1 && i + B <= count)
                store(dx + to + i, sum);
            else
                for (std::int64_t j = 0; j < B && i + j < count; ++j)
                    dx[to + (i + j) * c.stride] = sum[j];
        }
    });
}

}  // namespace
}  // namespace sequential
