// Tensors of different shapes, value by value: axes of length 1 are repeated, as in NumPy.
#pragma once

#include "import/movement.hpp"

namespace onnx {

/// The common shape of constants.
Shape common_dims(const Call &call, const Shape &left, const Shape &right);
/// A constant in that shape.
Constant expanded(const Constant &constant, const Shape &dims);
/// The common axes of two computed tensors, or of one and a constant of these sizes.
std::vector<Axis> common_axes(const Call &call, const Activation &left, const Activation &right);
std::vector<Axis> common_axes(const Call &call, const Activation &left, const Shape &right);
Activation expanded(Call &call, const Activation &activation, const std::vector<Axis> &axes);
/// Which of a constant's values meets each value of an example.
std::vector<std::int32_t> places_of(const Call &call, const Shape &constant,
                                    const std::vector<Axis> &axes);
/// A constant as a computed tensor of these axes, the same for every example.
Activation materialised(Call &call, const Constant &constant, const std::vector<Axis> &axes);

}  // namespace onnx
