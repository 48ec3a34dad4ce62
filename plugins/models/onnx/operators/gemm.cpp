// Fully connected layers.
#include "import/lines.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

Constant times(Constant constant, float factor) {
    if (factor == 1) return constant;
    for (float &value : constant.floats) value *= factor;
    constant.origin = nullptr;
    return constant;
}

void gemm(Call &call) {
    Activation x = call.activation(0);
    Constant weight = times(call.constant(1, "weight"), call.number("alpha", 1));
    if (x.rank() != 2 || weight.integer || weight.dims.size() != 2)
        call.refuse("multiplies " + dims_text(x) + " by " + spar::shape_text(weight.dims) +
                    ", expected two matrices");
    if (call.integer("transA", 0) != 0) x = transposed(call, x, {1, 0});
    if (call.integer("transB", 0) == 0) weight = transposed(weight, {1, 0});
    std::optional<Constant> bias;
    if (call.has(2)) {
        bias = times(call.constant(2, "bias"), call.number("beta", 1));
        const Shape row{1, weight.dims[0]};
        if (bias->integer || common_dims(call, bias->dims, row) != row)
            call.refuse("its third input, of the shape " + spar::shape_text(bias->dims) +
                        ", is not one number for each output");
        bias = with_dims(expanded(*bias, row), {weight.dims[0]});
    }
    give_lines(call, x, weight, bias ? &*bias : nullptr, call.node);
}

}  // namespace

std::vector<Operator> gemm_operators() {
    return {{"Gemm", "the second and third inputs are constants", gemm}};
}

}  // namespace onnx
