// When APGD looks back: the released code's windows.
#pragma once

#include <algorithm>
#include <cstdint>

namespace apgd {

/// Windows of falling length: 22 % of the steps, each next one 3 % shorter, never below 6 %.
class Windows {
  public:
    explicit Windows(std::int64_t steps)
        : length_(share(steps, 22)), shrink_(share(steps, 3)), least_(share(steps, 6)) {}

    /// Called after every step; the length of the window that ends with it, or 0.
    std::int64_t step() {
        if (++inside_ < length_) return 0;
        const std::int64_t ended = length_;
        inside_ = 0;
        length_ = std::max(length_ - shrink_, least_);
        return ended;
    }

  private:
    static std::int64_t share(std::int64_t steps, std::int64_t percent) {
        return std::max<std::int64_t>(steps * percent / 100, 1);
    }

    std::int64_t length_, shrink_, least_, inside_ = 0;
};

}  // namespace apgd
