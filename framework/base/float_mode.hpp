// The thread's floating-point mode: rounding, the flushing of denormal numbers that a library built
// with -ffast-math switches on when it is loaded, and which exceptions end the process.
#pragma once

#include <xmmintrin.h>
#include <cstdint>

namespace spar::host {

class FloatMode {
  public:
    static FloatMode now() {
        FloatMode mode;
        mode.control_ = _mm_getcsr() & ~status_flags;
        __asm__ volatile("fnstcw %0" : "=m"(mode.x87_));
        return mode;
    }

    void restore() const {
        _mm_setcsr((_mm_getcsr() & status_flags) | control_);
        __asm__ volatile("fldcw %0" : : "m"(x87_));
    }

    bool operator==(const FloatMode &) const = default;

    /// How the other mode differs, in words.
    const char *difference(const FloatMode &other) const {
        if (((control_ ^ other.control_) & 0x6000U) == 0 && ((x87_ ^ other.x87_) & 0x0C00U) == 0)
            return ((control_ ^ other.control_) & 0x8040U) != 0
                       ? "the flushing of denormal numbers to zero (it was built with -ffast-math)"
                       : "the exceptions or the precision of floating-point numbers";
        return other == *this ? "nothing" : "the rounding mode";
    }

  private:
    static constexpr unsigned status_flags = 0x3F;
    unsigned control_ = 0;
    std::uint16_t x87_ = 0;
};

}  // namespace spar::host
