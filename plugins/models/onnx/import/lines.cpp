#include "import/lines.hpp"

#include "layers/dense.hpp"

namespace onnx {

Activation weighted_lines(Call &call, const Activation &x, const Constant &weight,
                          const Constant *bias, std::optional<sequential::Rectifier> rectifier) {
    const std::int64_t in = x.axes.back().size, out = weight.dims[0];
    if (x.axes.back().batch || weight.dims[1] != in)
        call.refuse("multiplies " + dims_text(x) + " by a matrix of " +
                    std::to_string(weight.dims[1]) + " rows");
    Importer &importer = call.importer;
    const std::int64_t lines = x.size() / in;
    std::vector<std::int64_t> places;
    int value = x.value;
    if (lines == 1 && call.graph().value(value).blocked()) {
        // An image in blocks of channels is read as it lies.
        if (call.graph().value(value).shape != Shape{in})
            value = call.graph().add_view(value, {in});
        for (std::int64_t i = 0; i < in; ++i)
            places.push_back(call.graph().value(value).position(i));
    } else {
        value = importer.plain(x, lines == 1 ? Shape{in} : Shape{lines, in});
    }
    Parameter &parameter = importer.book.parameter(weight, weight.dims);
    Parameter *shift = bias != nullptr ? &importer.book.parameter(*bias, bias->dims) : nullptr;
    value = sequential::add_dense(call.graph(), value, {parameter, shift}, std::move(places),
                                  rectifier);
    importer.note_parameters(value);
    std::vector<Axis> axes = x.axes;
    axes.back().size = out;
    return importer.activation(value, axes, true);
}

void give_lines(Call &call, const Activation &x, const Constant &weight, const Constant *bias,
                const Node &last) {
    call.give(weighted_lines(call, x, weight, bias, call.importer.take_rectifier(last)));
}

}  // namespace onnx
