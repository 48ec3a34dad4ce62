// New shapes, with the place of the batch in them.
#pragma once

#include "import/movement.hpp"

namespace onnx {

/// The dims that `sizes`, of which one may be -1, mean for a constant.
Shape reshaped(const Call &call, const Constant &constant, const std::vector<Number> &sizes);
/// The axes that they mean for a computed tensor. Its values stay in their order, so the examples
/// stay at their place among them: the axis that holds them is the one that names their number, or
/// the -1, or where the file was written for one example, a 1.
std::vector<Axis> reshaped(const Call &call, const Activation &activation,
                           const std::vector<Number> &sizes);

}  // namespace onnx
