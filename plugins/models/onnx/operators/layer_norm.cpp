// Normalisation of the values along the last axes.
#include "import/broadcast.hpp"
#include "layers/layernorm.hpp"
#include "operations/operations.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

void layer_norm(Call &call) {
    const Activation x = call.activation(0);
    const std::size_t axis = call.axis(call.integer("axis", -1), x.rank());
    const Shape local = x.local();
    const Shape lines(local.begin() + static_cast<std::ptrdiff_t>(axis), local.end());
    if (std::any_of(x.axes.begin() + static_cast<std::ptrdiff_t>(axis), x.axes.end(),
                    [](const Axis &a) { return a.batch; }))
        call.refuse("normalises over examples, of " + dims_text(x));
    const std::int64_t width = spar::product(lines);
    Book &book = call.importer.book;
    const auto parameter = [&](std::size_t i, const char *what, float otherwise) -> Parameter & {
        if (!call.has(i)) return book.hidden({width}, otherwise);
        const Constant &found = call.constant(i, what);
        if (found.integer) call.refuse("its parameters should be numbers");
        if (common_dims(call, found.dims, lines) != lines)
            call.refuse("its parameters do not fit " + dims_text(x));
        return book.parameter(with_dims(expanded(found, lines), {width}), {width});
    };
    Parameter &scale = parameter(1, "scale", 1), &bias = parameter(2, "bias", 0);
    const int value =
        sequential::normalise_lines(call.graph(), call.importer.plain(x, {x.size() / width, width}),
                                    {scale, bias, call.number("epsilon", 1e-5F)});
    call.importer.note_parameters(value);
    call.give(call.importer.activation(value, x.axes, true));
}

}  // namespace

std::vector<Operator> layer_norm_operators() {
    return {{"LayerNormalization", "its first output", layer_norm}};
}

}  // namespace onnx
