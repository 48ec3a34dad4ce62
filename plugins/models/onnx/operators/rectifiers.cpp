// Rectifiers. Those after a convolution, a fully connected layer or a normalisation have become a
// part of it before they get here.
#include "import/broadcast.hpp"
#include "import/functions.hpp"
#include "operations/operations.hpp"
#include "operations/with_constant.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

struct Rectify {
    float alpha;
    float value(float x) const { return x > 0 ? x : alpha * x; }
    float slope(float x, float) const { return x > 0 ? 1.0F : alpha; }
};

struct Parametric {
    static float value(float x, float c) { return x > 0 ? x : c * x; }
    static float left(float x, float c) { return x > 0 ? 1.0F : c; }
    static float right(float x, float) { return x > 0 ? 0.0F : x; }
};

void parametric(Call &call) {
    const Activation x = call.activation(0);
    const Constant &slope = call.constant(1, "slope");
    if (slope.integer || common_axes(call, x, slope.dims) != x.axes)
        call.refuse("its slopes do not fit " + dims_text(x));
    Parameter &parameter = call.importer.book.parameter(slope, slope.dims);
    const int value =
        add_with_constant<Parametric>(call.graph(), call.importer.plain(x, {x.size()}), parameter,
                                      places_of(call, slope.dims, x.axes), slope.origin != nullptr);
    call.importer.note_parameters(value);
    call.give(call.importer.activation(value, x.axes, true));
}

}  // namespace

std::vector<Operator> rectifiers_operators() {
    return {{"Relu", "", [](Call &c) { apply(c, Rectify{0}); }},
            {"LeakyRelu", "", [](Call &c) { apply(c, Rectify{c.number("alpha", 0.01F)}); }},
            {"PRelu", "slopes are constants", parametric}};
}

}  // namespace onnx
