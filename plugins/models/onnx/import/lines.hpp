// Lines of values by a weight: what Gemm and MatMul have in common.
#pragma once

#include "import/broadcast.hpp"
#include "operations/operations.hpp"

namespace onnx {

/// The lines along the last axis by a weight [out, in], plus a bias [out] unless it is null.
Activation weighted_lines(Call &call, const Activation &x, const Constant &weight,
                          const Constant *bias, std::optional<sequential::Rectifier> rectifier);
/// The same as the node's answer, together with the rectifier that follows `last`.
void give_lines(Call &call, const Activation &x, const Constant &weight, const Constant *bias,
                const Node &last);

}  // namespace onnx
