// Numbers of 16 bits, the upper half of a float, whose products are summed in floats: two at once,
// by one instruction where the processor has it (AVX512_BF16). Without it the same kernels run in
// plain arithmetic, slower than in floats; that shows what the numbers become, see the tests.
#pragma once

#include "kernels_vector.hpp"

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

/// The nearest, ties to even, in the lower half of each lane.
inline Bits rounded(Vector v) {
    const auto bits = reinterpret_cast<Bits>(v);
    const Bits half = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return v != v ? Bits{} + 0x7FC0 : half;
}

inline void store(Bf16 *to, Vector v) {
#if defined(__AVX512BF16__)
    const auto halves = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(v));
#else
    const Halves halves = __builtin_convertvector(rounded(v), Halves);
#endif
    __builtin_memcpy(to, &halves, sizeof halves);
}

/// Two numbers a lane, the first in the lower half.
inline Bits load_pairs(const Bf16 *from) {
    Bits v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}
inline Bits one_pair(const Bf16 *from) {
    std::uint32_t pair;
    __builtin_memcpy(&pair, from, sizeof pair);
    return Bits{} + pair;
}

/// sum + a0 b0 + a1 b1
inline Vector add_pairs(Vector sum, Bits a, Bits b) {
#if defined(__AVX512BF16__)
    return reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum),
                                                     reinterpret_cast<__m512bh>(a),
                                                     reinterpret_cast<__m512bh>(b)));
#else
    const Bits upper = Bits{} + 0xFFFF0000;
    sum += reinterpret_cast<Vector>(a & upper) * reinterpret_cast<Vector>(b & upper);
    return sum + reinterpret_cast<Vector>(a << 16) * reinterpret_cast<Vector>(b << 16);
#endif
}

}  // namespace
}  // namespace sequential
