// One matrix times another where neither is a weight: the right side comes as it lies, and its next
// two blocks of columns are brought into the order of `product` for all rows of the left side.
#pragma once

#include "kernels/product.hpp"

namespace sequential {
namespace {

std::int64_t multiply_scratch(std::int64_t in) {
    return in * 2 * B;
}

/// Rows [k, k + B) of one block of columns, from a matrix whose columns lie in one piece each.
inline void pack_turned(const Matrix &w, std::int64_t k, std::int64_t columns, std::int64_t width,
                        float *packed) {
    Vector v[B];
    for (std::int64_t c = 0; c < B; ++c)
        v[c] = c < columns ? load(w.at + k + c * w.column) : Vector{};
    transpose(v);
    for (std::int64_t i = 0; i < B; ++i) store(packed + i * width, v[i]);
}

/// One block of columns, filled up with zeros, every `width` floats.
inline void pack_block(const Matrix &w, std::int64_t in, std::int64_t columns, std::int64_t width,
                       float *packed) {
    std::int64_t k = 0;
    if (w.column == 1 && columns >= B)
        for (; k < in; ++k) store(packed + k * width, load(w.at + k * w.row));
    if (w.row == 1)
        for (; k + B <= in; k += B) pack_turned(w, k, columns, width, packed + k * width);
    for (; k < in; ++k)
        for (std::int64_t c = 0; c < B; ++c)
            packed[k * width + c] = c < columns ? w.at[k * w.row + c * w.column] : 0.0F;
}

template <int Blocks, int Rows>
void multiply_tile(const MatrixProduct &m, const float *weights, const Matrix &x, float *y,
                   std::int64_t columns) {
    Vector sum[Blocks][Rows] = {};
    const float *from = x.at;
#pragma GCC unroll 1
    for (std::int64_t k = 0; k < m.in; ++k, from += x.column) {
        Vector f[Blocks];
#pragma GCC unroll 2
        for (int b = 0; b < Blocks; ++b) f[b] = load(weights + (k * Blocks + b) * B);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
            for (int b = 0; b < Blocks; ++b) sum[b][r] += f[b] * from[r * x.row];
    }
    for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const Vector z = sum[b][r] * m.scale;
            float *to = y + r * m.y_row + b * B;
            if (columns - b * B >= B)
                store(to, z);
            else
                store_part(z, to, columns - b * B);
        }
}

using MultiplyTile = void (*)(const MatrixProduct &, const float *, const Matrix &, float *,
                              std::int64_t);

template <int Blocks, int Rows = tile_rows>
MultiplyTile multiply_tile_of(std::int64_t rows) {
    if constexpr (Rows > 1)
        if (rows < Rows) return multiply_tile_of<Blocks, Rows - 1>(rows);
    return multiply_tile<Blocks, Rows>;
}

void multiply(const MatrixProduct &m, const Matrix &x, const Matrix &w, float *scratch, float *y) {
    const std::int64_t tiles = (m.rows + tile_rows - 1) / tile_rows;
    for (std::int64_t c = 0; c < m.out; c += 2 * B) {
        const std::int64_t columns = m.out - c, blocks = columns > B ? 2 : 1;
        for (std::int64_t b = 0; b < blocks; ++b)
            pack_block({w.at + (c + b * B) * w.column, w.row, w.column}, m.in, columns - b * B,
                       blocks * B, scratch + b * B);
        for (std::int64_t t = 0; t < tiles; ++t) {
            const std::int64_t from = t * m.rows / tiles, count = (t + 1) * m.rows / tiles - from;
            const MultiplyTile tile =
                blocks == 2 ? multiply_tile_of<2>(count) : multiply_tile_of<1>(count);
            tile(m, scratch, {x.at + from * x.row, x.row, x.column}, y + from * m.y_row + c,
                 columns);
        }
    }
}

}  // namespace
}  // namespace sequential
