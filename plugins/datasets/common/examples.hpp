// Examples and labels once they are in memory, whatever file they came from.
#pragma once

#include "element.hpp"
#include "file.hpp"

#include <spar/dataset.hpp>

#include <cmath>

namespace datasets {

/// An array as it lies in a file: its elements, row by row, and whom to name when they are wrong.
struct Array {
    std::string path;  /// of the file, and what inside it
    Element type;
    std::vector<std::int64_t> shape;
    std::span<const std::uint8_t> bytes;  /// exactly as many as type and shape need

    std::int64_t count() const { return shape.front(); }
    std::int64_t width() const { return count() > 0 ? elements() / count() : 0; }
    std::int64_t elements() const { return static_cast<std::int64_t>(bytes.size()) / type.size; }
    const std::uint8_t *at(std::int64_t index) const { return bytes.data() + index * type.size; }
};

/// Bytes that an array needs; throws when the product overflows.
inline std::int64_t bytes_needed(const std::string &path, std::span<const std::int64_t> shape,
                                 const Element &type) {
    std::int64_t total = type.size;
    for (const std::int64_t extent : shape)
        if (extent < 0 || __builtin_mul_overflow(total, extent, &total))
            throw wrong(path, "the dimensions " + spar::shape_text(shape) +
                                  " multiply to more bytes than there can be");
    return total;
}

/// The box that values must lie in.
struct Bounds {
    double lower = 0, upper = 1;
};

/// Values of all examples: bytes stay bytes until they are read, as value / 255; every other type
/// is taken as it is.
class Values {
  public:
    Values() = default;

    Values(const Array &array, Bounds bounds) : width_(array.width()) {
        if (array.type.byte()) {
            if (bounds.lower > 0 || bounds.upper < 1)
                throw wrong(array.path,
                            "bytes become values in [0, 1], which leaves the box given "
                            "by lower and upper");
            levels_.assign(array.bytes.begin(), array.bytes.end());
            return;
        }
        values_.resize(static_cast<std::size_t>(array.elements()));
        for (std::int64_t i = 0; i < array.elements(); ++i) {
            const double value = load_number(array.at(i), array.type);
            if (!(value >= bounds.lower && value <= bounds.upper))
                throw wrong(array.path, "example " + std::to_string(i / width_) + " holds " +
                                            (std::isnan(value) ? "nan" : spar::json_number(value)) +
                                            ", expected values in [" +
                                            spar::json_number(bounds.lower) + ", " +
                                            spar::json_number(bounds.upper) +
                                            "]; other boxes are set by lower and upper");
            values_[static_cast<std::size_t>(i)] = static_cast<float>(value);
        }
    }

    void read(std::int64_t index, std::span<float> out) const {
        if (levels_.empty()) {
            std::copy_n(values_.begin() + index * width_, width_, out.begin());
            return;
        }
        const std::uint8_t *from = levels_.data() + index * width_;
        // Examples come in any order: all of this one is fetched at once.
        for (std::size_t i = 0; i < out.size(); i += 64) __builtin_prefetch(from + i);
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<float>(from[i] * (1.0 / 255.0));  // as float / 255.0F, to the bit
    }

  private:
    std::int64_t width_ = 0;
    Bytes levels_;
    std::vector<float> values_;
};

/// Shape of one example of an array of them: [n, h, w] are images of one channel.
inline std::vector<std::int64_t> example_shape(const Array &array) {
    if (array.shape.size() < 2 || array.shape.size() > 5)
        throw wrong(array.path,
                    "has the dimensions " + spar::shape_text(array.shape) +
                        ", expected examples of 1 to 4 dimensions, [n, ...]; one number "
                        "an example looks like labels");
    for (const std::int64_t extent : array.shape)
        if (extent == 0)
            throw wrong(array.path,
                        "is empty: its dimensions are " + spar::shape_text(array.shape));
    std::vector<std::int64_t> shape(array.shape.begin() + 1, array.shape.end());
    if (shape.size() == 2) shape.insert(shape.begin(), 1);
    return shape;
}

/// One class an example, checked.
struct Labels {
    std::vector<std::int64_t> values;
    std::int64_t classes = 0;
};

constexpr std::int64_t most_classes = 1000000;

/// `classes` 0: one more than the highest label.
inline Labels read_labels(const Array &array, std::int64_t classes) {
    if (array.shape.size() != 1 || !array.type.integer())
        throw wrong(array.path, "has the dimensions " + spar::shape_text(array.shape) + " and " +
                                    (array.type.integer() ? "integers" : "fractions") +
                                    ", expected labels: one integer an example");
    if (array.count() == 0) throw wrong(array.path, "is empty");
    const std::int64_t end = classes > 0 ? classes : most_classes;
    Labels labels;
    labels.values.reserve(static_cast<std::size_t>(array.count()));
    for (std::int64_t i = 0; i < array.count(); ++i) {
        const std::int64_t label = load_integer(array.at(i), array.type);
        if (label < 0 || label >= end)
            throw wrong(array.path, "example " + std::to_string(i) + " has the label " +
                                        std::to_string(label) + ", expected 0 to " +
                                        std::to_string(end - 1));
        labels.classes = std::max(labels.classes, label + 1);
        labels.values.push_back(label);
    }
    if (classes > 0) labels.classes = classes;
    return labels;
}

inline void check_counts(const Array &x, const Array &y) {
    if (x.count() != y.count())
        throw spar::bad_data(x.path + " holds " + std::to_string(x.count()) + " examples, but " +
                             y.path + " holds " + std::to_string(y.count()));
}

}  // namespace datasets
