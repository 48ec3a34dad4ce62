// A vector of BLOCK floats, for the files that are compiled once for each instruction set. They
// include nothing of the standard library, whose inline functions would be compiled for that
// instruction set and could be linked for everybody.
#pragma once

#include "kernels.hpp"

#ifndef BLOCK
#error "BLOCK, the number of floats in a vector, must be defined"
#endif

namespace sequential {
namespace {

constexpr std::int64_t B = BLOCK;

typedef float Vector __attribute__((vector_size(4 * BLOCK), aligned(4)));
typedef std::int32_t Mask __attribute__((vector_size(4 * BLOCK), aligned(4)));

inline const Vector &at(const float *p) {
    return *reinterpret_cast<const Vector *>(p);
}
inline Vector &at(float *p) {
    return *reinterpret_cast<Vector *>(p);
}

/// The gradient before z > 0 ? z : slope * z.
inline void mask(const Vector &g, const Vector &z, float slope, Vector &to) {
    to = z > 0.0F ? g : slope * g;
}

// Pixels or strips in a tile at most: with two blocks, what the registers hold beside weights and
// an input.
constexpr int tile_size = B == 16 ? 12 : 5;

// Weights are used by few tiles before the next come: they are fetched so many inputs before.
constexpr std::int64_t ahead = 8;

inline void rectify(const Vector &z, float slope, Vector &to) {
    to = z > 0.0F ? z : slope * z;
}

}  // namespace
}  // namespace sequential
