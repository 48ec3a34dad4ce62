// Views of memory owned elsewhere: rows of a batch, shapes, DLPack.
#pragma once

#include <spar/error.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace SPAR_HIDDEN spar {

/// A matrix of rows, one per example.
template <class T>
class Rows {
  public:
    Rows() = default;
    Rows(T *data, std::int64_t count, std::int64_t width)
        : data_(data), count_(count), width_(width) {}

    T *data() const { return data_; }
    std::int64_t count() const { return count_; }
    std::int64_t width() const { return width_; }
    explicit operator bool() const { return data_ != nullptr; }

    std::span<T> operator[](std::int64_t row) const {
        return {data_ + row * width_, static_cast<std::size_t>(width_)};
    }
    std::span<T> flat() const { return {data_, static_cast<std::size_t>(count_ * width_)}; }

  private:
    T *data_ = nullptr;
    std::int64_t count_ = 0, width_ = 0;
};

/// A matrix that owns its memory: `Values` is a resizable array of floats.
template <class Values>
class MatrixOf {
  public:
    MatrixOf() = default;
    MatrixOf(std::int64_t count, std::int64_t width) { resize(count, width); }

    /// Keeps its capacity: shrinking and growing back does not allocate.
    void resize(std::int64_t count, std::int64_t width) {
        values_.resize(static_cast<std::size_t>(count * width));
        count_ = count;
        width_ = width;
    }
    float *data() { return values_.data(); }
    const float *data() const { return values_.data(); }
    std::int64_t count() const { return count_; }
    std::int64_t width() const { return width_; }
    Rows<float> rows() { return {values_.data(), count_, width_}; }
    std::span<float> operator[](std::int64_t row) { return rows()[row]; }
    std::span<const float> operator[](std::int64_t row) const {
        return {values_.data() + row * width_, static_cast<std::size_t>(width_)};
    }

  private:
    Values values_;
    std::int64_t count_ = 0, width_ = 0;
};
using Matrix = MatrixOf<std::vector<float>>;

/// What std::ranges::copy does, which libc++ 14 lacks.
inline void copy_row(std::span<const float> from, std::span<float> to) {
    std::copy(from.begin(), from.end(), to.begin());
}

inline std::int64_t product(std::span<const std::int64_t> shape) {
    std::int64_t total = 1;
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(total, extent, &total))
            throw invalid("the shape is negative or its size overflows");
    }
    return total;
}

/// "[1,28,28]"
inline std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i > 0) text += ',';
        text += std::to_string(shape[i]);
    }
    return text + ']';
}

/// A DLPack view of memory that the caller owns. It holds the shape and strides, so it must outlive
/// every use of view().
class View {
  public:
    View(const void *data, DLDataType type, std::span<const std::int64_t> shape) {
        if (shape.size() > shape_.size()) throw invalid("a tensor of too many dimensions");
        std::copy(shape.begin(), shape.end(), shape_.begin());
        std::int64_t stride = 1;
        for (std::size_t i = shape.size(); i-- > 0;) {
            strides_[i] = stride;
            stride *= shape[i];
        }
        tensor_.data = const_cast<void *>(data);
        tensor_.device = {kDLCPU, 0};
        tensor_.ndim = static_cast<int>(shape.size());
        tensor_.dtype = type;
        tensor_.shape = shape_.data();
        tensor_.strides = strides_.data();
        tensor_.byte_offset = 0;
    }
    View(const View &) = delete;
    View &operator=(const View &) = delete;

    static constexpr DLDataType float32 = {kDLFloat, 32, 1};
    static constexpr DLDataType int64 = {kDLInt, 64, 1};

    DLTensor *view() { return &tensor_; }

  private:
    std::array<std::int64_t, SPAR_MAX_RANK + 1> shape_{}, strides_{};
    DLTensor tensor_{};
};

}  // namespace spar
