// Winograd's minimal filtering F(4,3) (Lavin and Gray 2016) along the rows of a blocked image: four
// neighbouring outputs of a row take six multiplications for each row of the kernel instead of
// twelve. A strip is those four outputs with the six inputs that they read; inputs are transformed
// to six points, where a convolution is a product, and results back. The kernel's rows are summed
// directly, so that at each point the strips of all rows are one matrix product.
//
// With the matrices of that paper, the outputs are y = A'[(G w) (B' x)]. Transposed, the gradients
// are dx = B[(G w) (A g)] and dw = G'[(B' x) (A g)], at the same cost.
//
// Points 0, a, -a, b, -b and infinity; 5/8 and 3/2 lose less to rounding than 1 and 2 do.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

constexpr std::int64_t points = 6, strip = 4, seen = 6;
constexpr float a1 = 0.625F, a2 = a1 * a1, b1 = 1.5F, b2 = b1 * b1;
constexpr float divisor_0 = a2 * b2, divisor_a = 2 * a2 * (a2 - b2), divisor_b = 2 * b2 * (b2 - a2);

/// B' x: the inputs that a strip reads.
inline void inputs_to_points(const Vector *x, float *to, std::int64_t stride) {
    const Vector even_a = x[4] - b2 * x[2], odd_a = a1 * (x[3] - b2 * x[1]);
    const Vector even_b = x[4] - a2 * x[2], odd_b = b1 * (x[3] - a2 * x[1]);
    store(to, a2 * b2 * x[0] + (x[4] - (a2 + b2) * x[2]));
    store(to + stride, even_a + odd_a);
    store(to + 2 * stride, even_a - odd_a);
    store(to + 3 * stride, even_b + odd_b);
    store(to + 4 * stride, even_b - odd_b);
    store(to + 5 * stride, a2 * b2 * x[1] + (x[5] - (a2 + b2) * x[3]));
}

/// B m: a strip's contribution to the gradients of its inputs.
inline void inputs_from_points(const float *m, std::int64_t stride, Vector *x) {
    const Vector m0 = load(m), m1 = load(m + stride), m2 = load(m + 2 * stride);
    const Vector m3 = load(m + 3 * stride), m4 = load(m + 4 * stride), m5 = load(m + 5 * stride);
    const Vector even_a = m1 + m2, odd_a = m1 - m2, even_b = m3 + m4, odd_b = m3 - m4;
    x[0] = a2 * b2 * m0;
    x[1] = a2 * b2 * m5 - (a1 * b2 * odd_a + b1 * a2 * odd_b);
    x[2] = -(a2 + b2) * m0 - (b2 * even_a + a2 * even_b);
    x[3] = a1 * odd_a + b1 * odd_b - (a2 + b2) * m5;
    x[4] = m0 + (even_a + even_b);
    x[5] = m5;
}

/// A g: the gradients of a strip's outputs.
inline void outputs_to_points(const Vector *g, float *to, std::int64_t stride) {
    const Vector even_a = g[0] + a2 * g[2], odd_a = a1 * (g[1] + a2 * g[3]);
    const Vector even_b = g[0] + b2 * g[2], odd_b = b1 * (g[1] + b2 * g[3]);
    store(to, g[0]);
    store(to + stride, even_a + odd_a);
    store(to + 2 * stride, even_a - odd_a);
    store(to + 3 * stride, even_b + odd_b);
    store(to + 4 * stride, even_b - odd_b);
    store(to + 5 * stride, g[3]);
}

/// A' m: a strip's outputs.
inline void outputs_from_points(const float *m, std::int64_t stride, Vector *y) {
    const Vector m0 = load(m), m1 = load(m + stride), m2 = load(m + 2 * stride);
    const Vector m3 = load(m + 3 * stride), m4 = load(m + 4 * stride), m5 = load(m + 5 * stride);
    const Vector even_a = m1 + m2, odd_a = m1 - m2, even_b = m3 + m4, odd_b = m3 - m4;
    y[0] = m0 + (even_a + even_b);
    y[1] = a1 * odd_a + b1 * odd_b;
    y[2] = a2 * even_a + b2 * even_b;
    y[3] = m5 + (a1 * a2 * odd_a + b1 * b2 * odd_b);
}

/// G w: a row of the kernel.
inline void weights_to_points(const Vector *w, float *to, std::int64_t stride) {
    const Vector even_a = (w[0] + a2 * w[2]) / divisor_a, odd_a = a1 / divisor_a * w[1];
    const Vector even_b = (w[0] + b2 * w[2]) / divisor_b, odd_b = b1 / divisor_b * w[1];
    store(to, w[0] / divisor_0);
    store(to + stride, even_a + odd_a);
    store(to + 2 * stride, even_a - odd_a);
    store(to + 3 * stride, even_b + odd_b);
    store(to + 4 * stride, even_b - odd_b);
    store(to + 5 * stride, w[2]);
}

/// G' m: the gradient of a row of the kernel.
inline void weights_from_points(const float *m, std::int64_t stride, Vector *w) {
    const Vector m0 = load(m), m1 = load(m + stride), m2 = load(m + 2 * stride);
    const Vector m3 = load(m + 3 * stride), m4 = load(m + 4 * stride), m5 = load(m + 5 * stride);
    const Vector even_a = (m1 + m2) / divisor_a, odd_a = (m1 - m2) / divisor_a;
    const Vector even_b = (m3 + m4) / divisor_b, odd_b = (m3 - m4) / divisor_b;
    w[0] = m0 / divisor_0 + (even_a + even_b);
    w[1] = a1 * odd_a + b1 * odd_b;
    w[2] = m5 + (a2 * even_a + b2 * even_b);
}

}  // namespace
}  // namespace sequential
