// Layer normalisation of a line of values. Sums are in double, lane by lane.
#pragma once

#include "kernels/norm.hpp"

namespace sequential {
namespace {

/// A block of floats as doubles, minus a mean.
struct Wide {
    Doubles low, high;

    /// From `count` values; where the block is not full, zeros fill it.
    static Wide of(const float *from, std::int64_t count, double mean = 0) {
        if (count >= B)
            return {__builtin_convertvector(half(from), Doubles) - mean,
                    __builtin_convertvector(half(from + H), Doubles) - mean};
        double block[B] = {};
        for (std::int64_t i = 0; i < count; ++i) block[i] = from[i] - mean;
        Wide part;
        __builtin_memcpy(&part.low, block, sizeof part.low);
        __builtin_memcpy(&part.high, block + H, sizeof part.high);
        return part;
    }
};

inline double total_of(const Wide &w) {
    const Doubles sums = w.low + w.high;
    double total = 0;
    for (std::int64_t i = 0; i < H; ++i) total += sums[i];
    return total;
}

void line_moments(std::int64_t count, const float *x, double *moments) {
    Wide sums{};
    for (std::int64_t i = 0; i < count; i += B) {
        const Wide v = Wide::of(x + i, count - i);
        sums.low += v.low;
        sums.high += v.high;
    }
    const double mean = total_of(sums) / static_cast<double>(count);
    Wide squares{};
    for (std::int64_t i = 0; i < count; i += B) {
        const Wide v = Wide::of(x + i, count - i, mean);
        squares.low += v.low * v.low;
        squares.high += v.high * v.high;
    }
    moments[0] = mean;
    moments[1] = total_of(squares) / static_cast<double>(count);
}

void normalise_line(const Line &l, const float *x, const float *weight, const float *bias,
                    float *y) {
    for (std::int64_t i = 0; i < l.count; ++i)
        y[i] = (x[i] - l.mean) * l.inverse * weight[i] + bias[i];
}

void normalise_line_gradient(const Line &l, const float *x, const float *weight, const float *g,
                             float *dx) {
    Wide sums{}, along{};
    for (std::int64_t i = 0; i < l.count; i += B) {
        const std::int64_t left = l.count - i;
        const Wide w = Wide::of(weight + i, left), d = Wide::of(g + i, left);
        const Wide v = Wide::of(x + i, left, l.mean);
        const Doubles low = w.low * d.low, high = w.high * d.high;
        sums.low += low;
        sums.high += high;
        along.low += low * v.low;
        along.high += high * v.high;
    }
    const auto count = static_cast<double>(l.count);
    const auto mean = static_cast<float>(total_of(sums) / count);
    const auto slope = static_cast<float>(total_of(along) * l.inverse / count);
    for (std::int64_t i = 0; i < l.count; ++i)
        dx[i] = l.inverse * (weight[i] * g[i] - mean - (x[i] - l.mean) * l.inverse * slope);
}

void normalise_line_weights(const Line &l, const float *x, const float *g, float *weight,
                            float *bias) {
    for (std::int64_t i = 0; i < l.count; ++i) {
        weight[i] += g[i] * ((x[i] - l.mean) * l.inverse);
        bias[i] += g[i];
    }
}

}  // namespace
}  // namespace sequential
