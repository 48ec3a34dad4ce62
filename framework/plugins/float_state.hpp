// The processor's floating-point settings. A plugin built with -ffast-math sets flush-to-zero in
// its constructor and so changes everybody's arithmetic; calls into plugins are watched.
#pragma once

#include <xmmintrin.h>

namespace spar::host {

class FloatState {
  public:
    FloatState() : control_(_mm_getcsr() & settings) {}

    /// Whether the settings changed since construction; puts them back.
    bool restore() const {
        const unsigned now = _mm_getcsr();
        if ((now & settings) == control_) return false;
        _mm_setcsr((now & ~settings) | control_);
        return true;
    }

  private:
    static constexpr unsigned settings =
        0xFFC0;  // masks, rounding, flush-to-zero, denormals-are-zero
    unsigned control_;
};

}  // namespace spar::host
