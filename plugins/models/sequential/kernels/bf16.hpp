// bfloat16: the upper half of a float.
#pragma once

#include "kernels/vector.hpp"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace sequential {
namespace {

struct Bf16 {
    std::uint16_t bits;
};

typedef std::uint32_t Bits __attribute__((vector_size(4 * BLOCK)));
typedef std::uint16_t Halves __attribute__((vector_size(2 * BLOCK)));

/// Rounded to nearest, ties to even, in the lower half of each lane.
inline Bits rounded(Vector v) {
    const auto bits = reinterpret_cast<Bits>(v);
    const Bits half = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return v != v ? Bits{} + 0x7FC0 : half;
}

/// The numbers of both, concatenated.
inline void store_rounded(Bf16 *to, Vector first, Vector second) {
#if defined(__AVX512BF16__)
    const auto both =
        _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(second), reinterpret_cast<__m512>(first));
    __builtin_memcpy(to, &both, sizeof both);
#else
    const Halves halves[2] = {__builtin_convertvector(rounded(first), Halves),
                              __builtin_convertvector(rounded(second), Halves)};
    __builtin_memcpy(to, halves, sizeof halves);
#endif
}

/// A pair per lane, that of `first` before that of `second`.
inline void store_pairs(Bf16 *to, Vector first, Vector second) {
    const Bits pairs = rounded(first) | rounded(second) << 16;
    __builtin_memcpy(to, &pairs, sizeof pairs);
}

}  // namespace
}  // namespace sequential
