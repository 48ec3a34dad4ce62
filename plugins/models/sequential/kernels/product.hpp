// Rows times a matrix, and the gradient of the matrix. Up to two blocks of columns of several rows
// stay in registers; the weights of two blocks come from the nearer cache when the next rows are
// multiplied.
#pragma once

#include "kernels/vector.hpp"

namespace sequential {
namespace {

constexpr int tile_rows = B == 16 ? 12 : 6;

template <int Blocks, int Rows>
void product_tile(const Product &m, const float *weights, const float *bias, const float *x,
                  float *y, std::int64_t columns) {
    Vector sum[Blocks][Rows];
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) sum[b][r] = load(bias + b * B);
#pragma GCC unroll 1
    for (std::int64_t k = 0; k < m.in; ++k) {
        Vector f[Blocks];
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) f[b] = load(weights + (k * Blocks + b) * B);
        __builtin_prefetch(weights + (k + ahead) * Blocks * B);
        if (Blocks > 1) __builtin_prefetch(weights + ((k + ahead) * Blocks + 1) * B);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) sum[b][r] += f[b] * x[r * m.in + k];
    }
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            Vector z = sum[b][r];
            if (m.activation) z = rectify(z, m.slope);
            float *to = y + r * m.out + b * B;
            if (columns - b * B >= B)
                store(to, z);
            else
                store_part(z, to, columns - b * B);
        }
}

using ProductTile = void (*)(const Product &, const float *, const float *, const float *, float *,
                             std::int64_t);

template <int Blocks, int Rows = tile_rows>
ProductTile product_tile_of(std::int64_t rows) {
    if constexpr (Rows > 1)
        if (rows < Rows) return product_tile_of<Blocks, Rows - 1>(rows);
    return product_tile<Blocks, Rows>;
}

void product(const Product &m, const float *weights, const float *bias, std::int64_t rows,
             const float *x, float *y) {
    const std::int64_t blocks = (m.out + B - 1) / B, tiles = (rows + tile_rows - 1) / tile_rows;
    for (std::int64_t block = 0; block < blocks; block += 2)
        for (std::int64_t t = 0; t < tiles; ++t) {
            const std::int64_t from = t * rows / tiles, count = (t + 1) * rows / tiles - from;
            const ProductTile tile =
                block + 1 < blocks ? product_tile_of<2>(count) : product_tile_of<1>(count);
            tile(m, weights + block * m.in * B, bias + block * B, x + from * m.in,
                 y + from * m.out + block * B, m.out - block * B);
        }
}

// Outputs, and vectors of inputs, whose gradients stay in registers.
constexpr int gradient_outs = B == 16 ? 4 : 2, gradient_vectors = 4;

// The lines that stay in the nearest cache while all outputs come by.
constexpr std::int64_t gradient_lines_at_once = B == 16 ? 96 : 64;

template <int Outs, int Vectors>
void product_gradient_tile(std::int64_t lines, const float *x, const float *g, bool add,
                           float *gradient, std::int64_t stride) {
    Vector sum[Outs][Vectors];
#pragma GCC unroll 4
    for (int o = 0; o < Outs; ++o)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j)
            sum[o][j] = add ? load(gradient + o * stride + j * B) : Vector{};
#pragma GCC unroll 1
    for (std::int64_t r = 0; r < lines; ++r, x += gradient_vectors * B, g += kept_outs) {
        Vector v[Vectors];
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) v[j] = load(x + j * B);
#pragma GCC unroll 4
        for (int o = 0; o < Outs; ++o)
#pragma GCC unroll 4
            for (int j = 0; j < Vectors; ++j) sum[o][j] += g[o] * v[j];
    }
#pragma GCC unroll 4
    for (int o = 0; o < Outs; ++o)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) store(gradient + o * stride + j * B, sum[o][j]);
}

// The gradient of the weights of a panel's first `columns` inputs.
template <int Vectors = gradient_vectors>
void product_gradient_columns(const KeptLines &kept, std::int64_t out, std::int64_t lines,
                              const float *x, std::int64_t columns, const float *g, bool add,
                              float *gradient, std::int64_t stride) {
    if constexpr (Vectors > 1)
        if (columns <= (Vectors - 1) * B)
            return product_gradient_columns<Vectors - 1>(kept, out, lines, x, columns, g, add,
                                                         gradient, stride);
    std::int64_t o = 0;
    const auto at = [&](std::int64_t o) {
        return g + o / kept_outs * kept.g_panel + o % kept_outs;
    };
    for (; o + gradient_outs <= out; o += gradient_outs)
        product_gradient_tile<gradient_outs, Vectors>(lines, x, at(o), add, gradient + o * stride,
                                                      stride);
    for (; o < out; ++o)
        product_gradient_tile<1, Vectors>(lines, x, at(o), add, gradient + o * stride, stride);
}

void product_gradient(const Product &m, const KeptLines &kept, std::int64_t lines,
                      std::int64_t first, std::int64_t last, float *gradient) {
    const std::int64_t stride = (m.in + B - 1) / B * B;
    constexpr std::int64_t width = gradient_vectors * B;
    for (std::int64_t i = first; i < last; i += width)
        for (std::int64_t line = 0; line < lines; line += gradient_lines_at_once) {
            const std::int64_t left = lines - line;
            product_gradient_columns(kept, m.out,
                                     left < gradient_lines_at_once ? left : gradient_lines_at_once,
                                     kept.x + i / width * kept.x_panel + line * width, last - i,
                                     kept.g + line * kept_outs, line > 0, gradient + i, stride);
        }
}

void add_kept(std::int64_t lines, std::int64_t outs, const float *g, float *sum) {
    for (std::int64_t o = 0; o < outs; o += B) {
        const std::int64_t count = outs - o < B ? outs - o : B;
        Vector v{};
        for (std::int64_t i = 0; i < count; ++i) v[i] = sum[o + i];
        for (std::int64_t line = 0; line < lines; ++line) v += load(g + line * kept_outs + o);
        store_part(v, sum + o, count);
    }
}

}  // namespace
}  // namespace sequential
