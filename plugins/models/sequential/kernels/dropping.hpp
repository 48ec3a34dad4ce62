// Which values dropout keeps: Philox4x32-10 as spar/philox.hpp, one counter a lane.
#pragma once

#include "kernels/vector.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace sequential {
namespace {

typedef std::uint32_t Words __attribute__((vector_size(4 * BLOCK)));
typedef std::uint64_t WordPairs __attribute__((vector_size(4 * BLOCK)));

/// The low halves of each pair of words, times a number.
inline WordPairs times(WordPairs words, std::uint32_t number) {
#if BLOCK == 16 && defined __AVX512F__
    return (WordPairs)_mm512_maskz_mul_epu32(0xFF, (__m512i)words, _mm512_set1_epi64(number));
#elif BLOCK == 8 && defined __AVX2__
    return (WordPairs)_mm256_mul_epu32((__m256i)words, _mm256_set1_epi64x(number));
#else
    return (words & 0xFFFFFFFFU) * std::uint64_t{number};
#endif
}

struct Product64 {
    Words high, low;
};

inline Product64 product64(Words words, std::uint32_t number) {
    const WordPairs even = times((WordPairs)words, number),
                    odd = times((WordPairs)words >> 32, number);
    return {(Words)((even >> 32) | (odd & 0xFFFFFFFF00000000U)),
            (Words)((even & 0xFFFFFFFFU) | (odd << 32))};
}

struct RandomWords {
    Words word[4];
};

inline RandomWords philox(RandomWords c, std::uint64_t key) {
    auto key0 = static_cast<std::uint32_t>(key);
    auto key1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
        const Product64 first = product64(c.word[0], 0xD2511F53U);
        const Product64 second = product64(c.word[2], 0xCD9E8D57U);
        c = {
            {second.high ^ c.word[1] ^ key0, second.low, first.high ^ c.word[3] ^ key1, first.low}};
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    return c;
}

/// a[0] b[0] a[1] b[1] ... from the lower halves, or the upper.
template <int From, int... Lane>
Vector zipped(Vector a, Vector b, Lanes<Lane...>) {
    return __builtin_shufflevector(a, b, (Lane % 2 * B + From + Lane / 2)...);
}
inline Vector zipped_low(Vector a, Vector b) {
    return zipped<0>(a, b, LanesTo<B>::All{});
}
inline Vector zipped_high(Vector a, Vector b) {
    return zipped<B / 2>(a, b, LanesTo<B>::All{});
}

void keep_factors(const Draw &draw, float probability, float scale, std::int64_t count,
                  float *factors) {
    Words lane;
    for (int i = 0; i < B; ++i) lane[i] = static_cast<std::uint32_t>(i);
    const Words none{};
    for (std::int64_t from = 0; from < count; from += 4 * B) {
        const RandomWords random =
            philox({{lane + static_cast<std::uint32_t>((draw.first + from) / 4), none + draw.number,
                     none + static_cast<std::uint32_t>(draw.id),
                     none + static_cast<std::uint32_t>(draw.id >> 32)}},
                   draw.key);
        Vector kept[4];
        for (int w = 0; w < 4; ++w) {
            const Vector uniform =
                __builtin_convertvector((Mask)(random.word[w] >> 8), Vector) * 0x1p-24F;
            kept[w] = uniform >= probability ? Vector{} + scale : Vector{};
        }
        const Vector even[2] = {zipped_low(kept[0], kept[2]), zipped_high(kept[0], kept[2])};
        const Vector odd[2] = {zipped_low(kept[1], kept[3]), zipped_high(kept[1], kept[3])};
        const Vector all[4] = {zipped_low(even[0], odd[0]), zipped_high(even[0], odd[0]),
                               zipped_low(even[1], odd[1]), zipped_high(even[1], odd[1])};
        for (int v = 0; v < 4; ++v) {
            const std::int64_t at = from + v * B;
            if (at + B <= count)
                store(factors + at, all[v]);
            else if (at < count)
                store_part(all[v], factors + at, count - at);
        }
    }
}

void multiply_by(const float *factors, const float *x, float *y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[i] = x[i] * factors[i];
}

}  // namespace
}  // namespace sequential
