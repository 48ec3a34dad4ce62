// An example as channels of rows and columns, and the patterns that Square draws on it.
#pragma once

#include <spar/attack.hpp>

namespace square {

struct Image {
    std::int64_t channels, height, width;

    /// [c, h, w] as such; [h, w] is one channel, [n] one row.
    explicit Image(std::span<const std::int64_t> shape) : channels(1), height(1), width(1) {
        if (!shape.empty()) width = shape.back();
        if (shape.size() > 1) height = shape[shape.size() - 2];
        for (std::size_t i = 0; i + 2 < shape.size(); ++i) channels *= shape[i];
    }
    std::int64_t pixels() const { return height * width; }
    std::size_t at(std::int64_t c, std::int64_t y, std::int64_t x) const {
        return static_cast<std::size_t>((c * height + y) * width + x);
    }
};

/// A rectangle of an image; the same in every channel.
struct Window {
    std::int64_t top, left, height, width;

    bool holds(std::int64_t y, std::int64_t x) const {
        return y >= top && y < top + height && x >= left && x < left + width;
    }
    template <class Each>
    void each(Each &&each) const {
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x) each(y, x);
    }
};

/// Two hills of opposite sign in a window, stacked or side by side, of equal weight and together of
/// norm 1: the pattern of Square under l2 and l1. `power` (2 for l2, 4 for l1) says how fast a hill
/// falls from its middle.
class Hills {
  public:
    Hills(std::int64_t height, std::int64_t width, bool lying, spar_norm norm)
        : lying_(lying), rows_(lying ? width : height), columns_(lying ? height : width) {
        power_ = norm == SPAR_NORM_L2 ? 2 : 4;
        const bool squares = norm == SPAR_NORM_L2;
        double half[2] = {0, 0};
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x)
                half[low(y, x)] += squares ? raw(y, x) * raw(y, x) : std::fabs(raw(y, x));
        const int halves = half[0] > 0 ? 2 : 1;
        for (const int i : {0, 1}) {
            const double length = squares ? std::sqrt(half[i] * halves) : half[i] * halves;
            scale_[i] = length > 0 ? 1 / length : 0;
        }
    }

    double at(std::int64_t y, std::int64_t x) const { return scale_[low(y, x)] * raw(y, x); }

  private:
    /// The hill to which a place belongs.
    int low(std::int64_t y, std::int64_t x) const { return (lying_ ? x : y) >= rows_ / 2 ? 1 : 0; }
    /// Rings around the middle of a half; the outer ones add less.
    double raw(std::int64_t y, std::int64_t x) const {
        if (lying_) std::swap(y, x);
        const std::int64_t upper = rows_ / 2;
        const bool second = y >= upper;
        const std::int64_t height = second ? rows_ - upper : upper;
        const std::int64_t row = second ? y - upper : y;
        const std::int64_t middle_y = height / 2, middle_x = columns_ / 2;
        double value = 0;
        for (std::int64_t ring = 0; ring <= std::max(middle_y, middle_x); ++ring)
            if (std::abs(row - middle_y) <= ring && std::abs(x - middle_x) <= ring)
                value += std::pow(static_cast<double>(ring + 1), -power_);
        return second ? -value : value;
    }

    bool lying_;
    std::int64_t rows_, columns_;
    double power_ = 2, scale_[2] = {0, 0};
};

}  // namespace square
