// The thread's floating-point mode: rounding, and the flushing of denormal numbers that a library
// built with -ffast-math switches on when it is loaded.
#pragma once

#include <cfenv>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace spar::host {

class FloatMode {
  public:
    static FloatMode now() {
        FloatMode mode;
        mode.rounding_ = std::fegetround();
#if defined(__x86_64__)
        mode.control_ = _mm_getcsr() & ~status_flags;
#endif
        return mode;
    }

    void restore() const {
        std::fesetround(rounding_);
#if defined(__x86_64__)
        _mm_setcsr(control_);
#endif
    }

    bool operator==(const FloatMode &) const = default;

    /// What the other mode does differently.
    const char *difference(const FloatMode &other) const {
        if (rounding_ != other.rounding_) return "the rounding mode";
        return "the flushing of denormal numbers to zero (it was built with -ffast-math)";
    }

  private:
    static constexpr unsigned status_flags = 0x3F;

    int rounding_ = 0;
    unsigned control_ = 0;
};

}  // namespace spar::host
