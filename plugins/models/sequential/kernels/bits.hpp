// Packs a vector's signs and small indices into bytes, by intrinsics, because the compiler's vector
// types do it slowly. Compiled for each instruction set; see kernels/vector.hpp.
#pragma once

#include "kernels/vector.hpp"

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace sequential {
namespace {

#if defined(__AVX512BW__)

/// Bit i: z[i] > 0.
inline Signs signs_of(Vector z) {
    return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(z), _mm512_setzero_ps(), _CMP_GT_OQ);
}
/// The gradient before z > 0 ? z : slope * z.
inline Vector rectify_by(Signs signs, float slope, Vector g) {
    const auto v = reinterpret_cast<__m512>(g);
    return reinterpret_cast<Vector>(
        _mm512_mask_mul_ps(v, static_cast<__mmask16>(~signs), v, _mm512_set1_ps(slope)));
}
inline Mask widen(const std::uint8_t *from) {
    return reinterpret_cast<Mask>(_mm512_maskz_cvtepu8_epi32(
        0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i *>(from))));
}
inline void narrow(Mask from, std::uint8_t *to) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to),
                     _mm512_maskz_cvtepi32_epi8(0xFFFF, reinterpret_cast<__m512i>(from)));
}

#elif defined(__AVX2__)

inline Signs signs_of(Vector z) {
    return static_cast<Signs>(_mm256_movemask_ps(
        _mm256_cmp_ps(reinterpret_cast<__m256>(z), _mm256_setzero_ps(), _CMP_GT_OQ)));
}
inline Vector rectify_by(Signs signs, float slope, Vector g) {
    const __m256i lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i set = _mm256_and_si256(_mm256_set1_epi32(signs), lanes);
    const auto v = reinterpret_cast<__m256>(g);
    return reinterpret_cast<Vector>(
        _mm256_blendv_ps(_mm256_mul_ps(v, _mm256_set1_ps(slope)), v,
                         _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, lanes))));
}
inline Mask widen(const std::uint8_t *from) {
    return reinterpret_cast<Mask>(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
}
inline void narrow(Mask from, std::uint8_t *to) {
    const auto all = reinterpret_cast<__m256i>(from);
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), _mm_packus_epi16(words, words));
}

#else

inline Signs signs_of(Vector z) {
    float values[B];
    __builtin_memcpy(values, &z, sizeof values);
    int signs = 0;
    for (int i = 0; i < B; ++i) signs |= (values[i] > 0.0F ? 1 : 0) << i;
    return static_cast<Signs>(signs);
}
inline Vector rectify_by(Signs signs, float slope, Vector g) {
    float values[B];
    __builtin_memcpy(values, &g, sizeof values);
    for (int i = 0; i < B; ++i) values[i] = (signs >> i & 1) != 0 ? values[i] : slope * values[i];
    return load(values);
}
inline Mask widen(const std::uint8_t *from) {
    std::int32_t values[B];
    for (int i = 0; i < B; ++i) values[i] = from[i];
    Mask to;
    __builtin_memcpy(&to, values, sizeof to);
    return to;
}
inline void narrow(Mask from, std::uint8_t *to) {
    std::int32_t values[B];
    __builtin_memcpy(values, &from, sizeof values);
    for (int i = 0; i < B; ++i) to[i] = static_cast<std::uint8_t>(values[i]);
}

#endif

}  // namespace
}  // namespace sequential
