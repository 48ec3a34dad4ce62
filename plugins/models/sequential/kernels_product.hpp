// Rows times a matrix. Up to two blocks of columns of several rows stay in registers; the weights
// of two blocks come from the nearer cache when the next rows are multiplied.
#pragma once

#include "kernels_vector.hpp"

namespace sequential {
namespace {

constexpr int tile_rows = B == 16 ? 12 : 6;

inline void store_part(Vector v, float *to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = v[i];
}

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

}  // namespace
}  // namespace sequential
