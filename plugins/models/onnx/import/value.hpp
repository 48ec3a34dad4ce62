// What the import knows of each tensor of a file: all its values, or where the engine computes it.
#pragma once

#include "graph/shape.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace onnx {

using sequential::Shape;

/// An integer that may count examples: fixed + batch * (number of examples).
struct Number {
    std::int64_t fixed = 0, batch = 0;
    bool operator==(const Number &) const = default;
};

/// Which values of an initialiser a constant consists of, where it was only moved and cut: then it
/// can be trained.
struct Origin {
    std::string initialiser;
    std::vector<std::int64_t> elements;  /// empty: all of them, in their order
};

/// A tensor whose values are known before there is an example: `floats`, or `numbers` if the type
/// is an integer or a truth value.
struct Constant {
    Shape dims;
    bool integer = false;
    std::vector<float> floats;
    std::vector<Number> numbers;
    std::shared_ptr<const Origin> origin = {};

    std::int64_t size() const { return spar::product(dims); }
};

/// An axis of a computed tensor. Exactly one of them holds the examples; it may hold values of each
/// example too, `before` them and after them: its length is before * examples * size / before.
struct Axis {
    std::int64_t size = 1;  /// of one example
    bool batch = false;
    std::int64_t before = 1;
    bool operator==(const Axis &) const = default;
};

/// A tensor that the engine computes. One example's part lies row by row in the order of the axes.
struct Activation {
    int value = 0;
    std::vector<Axis> axes;
    bool learned = false;  /// whether trained parameters have had an effect on it

    std::size_t rank() const { return axes.size(); }
    /// One example's sizes, all axes included.
    Shape local() const {
        Shape shape;
        for (const Axis &axis : axes) shape.push_back(axis.size);
        return shape;
    }
    std::int64_t size() const { return spar::product(local()); }
    std::size_t batch_axis() const {
        std::size_t i = 0;
        while (!axes[i].batch) ++i;
        return i;
    }
};

using Known = std::variant<Constant, Activation>;

/// "[batch, 3, 32, 32]"
std::string dims_text(const Activation &activation);

}  // namespace onnx
