// Values in another order, some left out, some several times, zeros between them: what Transpose,
// Slice, Expand and the like do, to constants and to computed tensors alike.
#pragma once

#include "import/call.hpp"

namespace onnx {

/// Where each value of a result comes from: a place in the input, or -1: `fill`.
struct Movement {
    Shape dims;
    std::vector<std::int64_t> from;
    float fill = 0;
};

/// By the strides of the input (0 repeats) and its first place; `dims` of the result.
Movement strided(const Shape &dims, const std::vector<std::int64_t> &strides,
                 std::int64_t first = 0);
/// The distance between neighbours along each axis.
std::vector<std::int64_t> strides_of(const Shape &dims);

Constant moved(const Constant &constant, const Movement &movement);
/// `axes` of the result, which replace the movement's dims.
Activation moved(Call &call, const Activation &activation, const Movement &movement,
                 std::vector<Axis> axes);

/// Axis i of the result is axis order[i].
Constant transposed(const Constant &constant, const std::vector<std::size_t> &order);
Activation transposed(Call &call, const Activation &activation,
                      const std::vector<std::size_t> &order);
/// The order that puts these axes last and leaves the others as they are.
std::vector<std::size_t> put_last(std::size_t rank, const std::vector<std::size_t> &axes);
/// The same values with other dims.
Constant with_dims(Constant constant, Shape dims);

}  // namespace onnx
