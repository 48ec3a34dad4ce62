// An array as stored in a file: what its header says, and its elements in any order.
#pragma once

#include "element.hpp"
#include "file.hpp"

#include <spar/json.hpp>
#include <spar/tensor.hpp>

#include <algorithm>
#include <cmath>

namespace datasets {

/// What the header of an array says, and what to name if it is wrong.
struct Header {
    std::string path;  /// the file, and the part of it
    Element type;
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;  /// elements from one index to the next, for each dimension

    std::int64_t count() const { return shape.front(); }
    /// Elements of one example.
    std::int64_t width() const { return spar::product(std::span(shape).subspan(1)); }
};

struct Array : Header {
    std::span<const std::uint8_t> bytes;  /// exactly as many as type and shape need

    const std::uint8_t *at(std::int64_t element) const {
        return bytes.data() + element * type.size;
    }
};

/// A number as messages show it, including NaN.
inline std::string number_text(double number) {
    return std::isnan(number)   ? "nan"
           : std::isinf(number) ? number > 0 ? "inf" : "-inf"
                                : spar::json_number(number);
}

/// Strides in row-major order: the last dimension varies fastest.
inline std::vector<std::int64_t> row_major(std::span<const std::int64_t> shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

/// Strides in Fortran order: the first dimension varies fastest.
inline std::vector<std::int64_t> column_major(std::span<const std::int64_t> shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = 1; i < shape.size(); ++i) strides[i] = strides[i - 1] * shape[i - 1];
    return strides;
}

/// The number of bytes of an array; throws if the product overflows.
inline std::int64_t bytes_needed(const std::string &path, std::span<const std::int64_t> shape,
                                 const Element &type) {
    std::int64_t total = type.size;
    for (const std::int64_t extent : shape)
        if (extent < 0 || __builtin_mul_overflow(total, extent, &total))
            throw wrong(path, "the dimensions " + spar::shape_text(shape) +
                                  " multiply to more bytes than there can be");
    return total;
}

namespace detail {
template <class Use>
void visit(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides,
           std::int64_t at, Use &use) {
    if (shape.empty()) {
        use(at);
        return;
    }
    for (std::int64_t i = 0; i < shape[0]; ++i, at += strides[0])
        if (shape.size() == 1)
            use(at);
        else
            visit(shape.subspan(1), strides.subspan(1), at, use);
}
}  // namespace detail

/// Calls use(element) for every element of example `index`, in the order of its shape.
template <class Use>
void for_example(const Header &array, std::int64_t index, Use &&use) {
    detail::visit(std::span(array.shape).subspan(1), std::span(array.strides).subspan(1),
                  index * array.strides[0], use);
}

inline void check_counts(const Header &x, const Header &y) {
    if (x.count() != y.count())
        throw spar::bad_data(x.path + " holds " + std::to_string(x.count()) + " examples, but " +
                             y.path + " holds " + std::to_string(y.count()));
}

}  // namespace datasets
