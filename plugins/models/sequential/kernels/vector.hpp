// A vector of BLOCK floats, for the files that are compiled once for each instruction set. They
// include nothing of the standard library, whose inline functions would be compiled for that
// instruction set and could end up linked into other code.
#pragma once

#include "kernels/kernels.hpp"

#ifndef BLOCK
#error "BLOCK, the number of floats in a vector, must be defined"
#endif

namespace sequential {
namespace {

constexpr std::int64_t B = BLOCK;

typedef float Vector __attribute__((vector_size(4 * BLOCK)));
typedef std::int32_t Mask __attribute__((vector_size(4 * BLOCK)));

/// Loads and stores at any float's address.
inline Vector load(const float *from) {
    Vector v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
inline void store(float *to, Vector v) {
    __builtin_memcpy(to, &v, sizeof v);
}
/// The first `count` lanes.
inline void store_part(Vector v, float *to, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = v[i];
}

template <int... Lane>
struct Lanes {};
template <int Count, int... Lane>
struct LanesTo : LanesTo<Count - 1, Count - 1, Lane...> {};
template <int... Lane>
struct LanesTo<0, Lane...> {
    using All = Lanes<Lane...>;
};

template <int Half, int... Lane>
Vector turned_by(Vector v, Lanes<Lane...>) {
    return __builtin_shufflevector(v, v, ((Lane + Half) % B)...);
}

/// The sum of all lanes, pair by pair.
template <int Half = B / 2>
float sum_of(Vector v) {
    v += turned_by<Half>(v, LanesTo<B>::All{});
    if constexpr (Half > 1) return sum_of<Half / 2>(v);
    return v[0];
}

template <int Half = B / 2>
float largest_of(Vector v) {
    const Vector other = turned_by<Half>(v, LanesTo<B>::All{});
    v = other > v ? other : v;
    if constexpr (Half > 1) return largest_of<Half / 2>(v);
    return v[0];
}

template <int Step, int... Lane>
void transpose_pair(Vector &a, Vector &b, Lanes<Lane...>) {
    const Vector low = __builtin_shufflevector(a, b, (Lane & Step ? B + Lane - Step : Lane)...);
    b = __builtin_shufflevector(a, b, (Lane & Step ? B + Lane : Lane + Step)...);
    a = low;
}

/// Exchanges vectors and lanes.
template <int Step = 1>
void transpose(Vector (&v)[B]) {
#pragma GCC unroll 16
    for (int i = 0; i < B; ++i)
        if ((i & Step) == 0) transpose_pair<Step>(v[i], v[i | Step], LanesTo<B>::All{});
    if constexpr (Step < B / 2) transpose<2 * Step>(v);
}

/// The value, forced into a register; otherwise a compiler may load it again at every use.
inline Vector in_register(Vector v) {
#ifdef __AVX__
    asm("" : "+v"(v));
#endif
    return v;
}

/// The gradient before z > 0 ? z : slope * z.
inline Vector mask(Vector g, Vector z, float slope) {
    return z > 0.0F ? g : slope * g;
}

// The most pixels or strips in a tile: with two blocks, what fits into the registers next to
// weights and an input.
constexpr int tile_size = B == 16 ? 12 : 5;

// Weights are used by few tiles before the next ones: prefetch them this many inputs ahead.
constexpr std::int64_t ahead = 8;

inline Vector rectify(Vector z, float slope) {
    return z > 0.0F ? z : slope * z;
}

}  // namespace
}  // namespace sequential
