// 16-bit floating-point numbers as files store them.
#pragma once

#include <spar/abi/visibility.h>

#include <bit>
#include <cstdint>

namespace SPAR_HIDDEN spar {

/// An IEEE 754 binary16 (float16, "f2") as a float, exactly.
inline float from_half(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16, mantissa = half & 0x3FFU;
    const int exponent = (half >> 10) & 0x1F;
    if (exponent == 0) {  // zero or subnormal
        const float value = static_cast<float>(mantissa) * 0x1p-24F;
        return sign != 0 ? -value : value;
    }
    const std::uint32_t wide = exponent == 31 ? 255U : static_cast<std::uint32_t>(exponent + 112);
    return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

/// A bfloat16 as a float, exactly.
inline float from_bfloat(std::uint16_t half) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

}  // namespace spar
