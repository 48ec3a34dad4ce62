// The softmax of lines of scores, additive scores, and their gradients. A line that goes on with
// values which are left out gives the same bits: sums are taken lane by lane, then over the lanes.
#pragma once

#include "kernels/activation.hpp"

namespace sequential {
namespace {

/// From `count` values, the rest of the vector as `rest`.
inline Vector load_part(const float *from, std::int64_t count, float rest) {
    if (count >= B) return load(from);
    Vector v = Vector{} + rest;
    for (std::int64_t i = 0; i < count; ++i) v[i] = from[i];
    return v;
}

inline void store_some(float *to, Vector v, std::int64_t count) {
    if (count >= B) return store(to, v);
    for (std::int64_t i = 0; i < count; ++i) to[i] = v[i];
}

constexpr float left_out = -3.0e38F;  // such scores, and lower ones

void softmax(std::int64_t count, const float *first, const float *second, float *x) {
    Vector most = Vector{} + left_out;
    for (std::int64_t i = 0; i < count; i += B) {
        Vector v = load_part(x + i, count - i, left_out);
        if (first != nullptr) v += load_part(first + i, count - i, 0);
        if (second != nullptr) v += load_part(second + i, count - i, 0);
        store_some(x + i, v, count - i);
        most = v > most ? v : most;
    }
    const float largest = largest_of(most);
    Vector sums{};
    for (std::int64_t i = 0; i < count; i += B) {
        const Vector v = load_part(x + i, count - i, left_out);
        const Vector p = v <= left_out ? Vector{} : exponential(v - largest);
        store_some(x + i, p, count - i);
        sums += p;
    }
    const float sum = sum_of(sums), inverse = sum == 0.0F ? 0.0F : 1.0F / sum;
    for (std::int64_t i = 0; i < count; ++i) x[i] *= inverse;
}

void softmax_gradient(std::int64_t count, const float *y, float *g) {
    Vector sums{};
    for (std::int64_t i = 0; i < count; i += B)
        sums += load_part(y + i, count - i, 0) * load_part(g + i, count - i, 0);
    const float mean = sum_of(sums);
    for (std::int64_t i = 0; i < count; ++i) g[i] = y[i] * (g[i] - mean);
}

void additive_scores(const AdditiveScores &a, const float *q, const float *k, const float *v,
                     float *y) {
    const std::int64_t padded = (a.keys + B - 1) / B * B;
    for (std::int64_t j = 0; j < a.keys; j += B) {
        Vector sum{};
        for (std::int64_t c = 0; c < a.width; ++c)
            sum += tanh_of(load(k + c * padded + j) + q[c]) * v[c];
        store_some(y + j, sum, a.keys - j);
    }
}

void additive_scores_gradient(const AdditiveScores &a, const float *q, const float *k,
                              const float *v, const float *g, float *dq, float *dk, float *dv) {
    const std::int64_t padded = (a.keys + B - 1) / B * B;
    for (std::int64_t c = 0; c < a.width; ++c) {
        Vector along{}, weight{};
        for (std::int64_t j = 0; j < a.keys; j += B) {
            const Vector t = tanh_of(load(k + c * padded + j) + q[c]);
            const Vector d = load_part(g + j, a.keys - j, 0);
            const Vector u = d * v[c] * (1.0F - t * t);
            along += u;
            weight += d * t;
            store(dk + c * padded + j, load(dk + c * padded + j) + u);
        }
        dq[c] = sum_of(along);
        dv[c] += sum_of(weight);
    }
}

}  // namespace
}  // namespace sequential
