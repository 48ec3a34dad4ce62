// The values of examples in memory, and their box.
#pragma once

#include "array.hpp"

#include <spar/dataset.hpp>

#include <cmath>
#include <limits>

namespace datasets {

/// The box that must contain the values. A value computed in the file's precision, as by (1 - mean)
/// / deviation, may differ from the bound by a few roundings; such values are set to the bound.
struct Bounds {
    double lower = 0, upper = 1;

    float least() const { return static_cast<float>(lower); }
    float most() const { return static_cast<float>(upper); }
    double slack(const Element &type) const {
        const double roundings = type.half() ? 0x1p-9 : 1e-6;
        return roundings * std::max(std::abs(lower), std::abs(upper));
    }
    bool is(double low, double high) const { return lower == low && upper == high; }
    static constexpr double any = std::numeric_limits<float>::max();
    /// No tolerance beyond that of float32.
    static Bounds none() { return {-any, any}; }
    std::string text() const {
        return "[" + spar::json_number(lower) + ", " + spar::json_number(upper) + "]";
    }
};

/// Values of all examples: bytes stay bytes until they are read, as byte/255 in the box [0, 1] and
/// as they are in the box [0, 255]; every other type is taken as it is.
class Values {
  public:
    Values() = default;

    Values(const Array &array, Bounds bounds) : width_(array.width()) {
        if (array.type.byte())
            take_bytes(array, bounds);
        else
            take_numbers(array, bounds);
    }

    void read(std::int64_t index, std::span<float> out) const {
        if (levels_.empty()) {
            std::copy_n(values_.begin() + index * width_, width_, out.begin());
            return;
        }
        const std::uint8_t *from = levels_.data() + index * width_;
        // Examples come in any order, so prefetch all of this one.
        for (std::size_t i = 0; i < out.size(); i += 64) __builtin_prefetch(from + i);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<float>(from[i] * scale_);  // bit for bit as float / 255.0F
    }

    /// The largest byte that is read as byte/255; -1 if none is.
    int greatest_level() const {
        if (levels_.empty() || scale_ == 1) return -1;
        return *std::max_element(levels_.begin(), levels_.end());
    }

  private:
    void take_bytes(const Array &array, Bounds bounds) {
        if (!bounds.is(0, 1) && !bounds.is(0, 255))
            throw wrong(array.path,
                        "holds bytes, which are values in [0, 1] as byte/255 or, with "
                        "lower 0 and upper 255, values in [0, 255]; in the box " +
                            bounds.text() + " they would mean neither: save them as floats");
        scale_ = bounds.is(0, 1) ? 1.0 / 255.0 : 1.0;
        if (array.strides == row_major(array.shape)) {
            levels_.assign(array.bytes.begin(), array.bytes.end());
            return;
        }
        levels_.reserve(array.bytes.size());
        for (std::int64_t i = 0; i < array.count(); ++i)
            for_example(array, i,
                        [&](std::int64_t element) { levels_.push_back(*array.at(element)); });
    }

    void take_numbers(const Array &array, Bounds bounds) {
        const float least = bounds.least(), most = bounds.most();
        const double slack = bounds.slack(array.type);
        const bool boxed = !bounds.is(-Bounds::any, Bounds::any);
        values_.reserve(array.bytes.size() / static_cast<std::size_t>(array.type.size));
        for (std::int64_t i = 0; i < array.count(); ++i)
            for_example(array, i, [&](std::int64_t element) {
                const double number = load_number(array.at(element), array.type);
                if (!(number >= least - slack && number <= most + slack))
                    throw wrong(array.path,
                                "example " + std::to_string(i) + " holds " + number_text(number) +
                                    ", expected " +
                                    (boxed ? "values in " + bounds.text() : "numbers") +
                                    (!std::isfinite(number)
                                         ? "; leave such examples out, or fill in what is missing"
                                     : boxed ? "; other boxes are set by lower and upper"
                                             : " of float32"));
                values_.push_back(std::clamp(static_cast<float>(number), least, most));
            });
    }

    std::int64_t width_ = 0;
    double scale_ = 1.0 / 255.0;
    Bytes levels_;
    std::vector<float> values_;
};

}  // namespace datasets
