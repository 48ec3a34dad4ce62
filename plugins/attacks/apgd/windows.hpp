// When APGD looks back: the windows of the released code.
#pragma once

#include <algorithm>
#include <cstdint>

namespace apgd {

/// Lengths of the windows between two checkpoints, in steps.
class Windows {
  public:
    /// linf, l2: 22 % of the steps, each following one shorter by 3 % of the steps, never below 6
    /// %.
    static Windows shrinking(std::int64_t steps) {
        return {share(steps, 22), share(steps, 3), share(steps, 6)};
    }
    /// l1: 4 % of the steps each.
    static Windows even(std::int64_t steps) { return {share(steps, 4), 0, share(steps, 4)}; }

    /// Called after every step; returns the length of the window that ends with it, or 0.
    std::int64_t step() {
        if (++inside_ < length_) return 0;
        const std::int64_t ended = length_;
        inside_ = 0;
        length_ = std::max(length_ - shrink_, least_);
        return ended;
    }

  private:
    Windows(std::int64_t length, std::int64_t shrink, std::int64_t least)
        : length_(length), shrink_(shrink), least_(least) {}

    static std::int64_t share(std::int64_t steps, std::int64_t percent) {
        return std::max<std::int64_t>(steps * percent / 100, 1);
    }

    std::int64_t length_, shrink_, least_, inside_ = 0;
};

}  // namespace apgd
