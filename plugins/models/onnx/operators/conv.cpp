// Convolutions of images and lines.
#include "import/windows.hpp"
#include "layers/convolution.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

const Constant &weight_of(const Call &call, const Image &image, std::int64_t groups) {
    const Constant &weight = call.constant(1, "weight");
    const std::size_t rank = image.line ? 3 : 4;
    if (weight.integer || weight.dims.size() != rank || weight.size() < 1)
        call.refuse("its weight has the shape " + spar::shape_text(weight.dims) + ", expected " +
                    std::to_string(rank) + " axes");
    if (groups < 1 || image.channels % groups != 0 || weight.dims[0] % groups != 0 ||
        weight.dims[1] != image.channels / groups)
        call.refuse("a weight of the shape " + spar::shape_text(weight.dims) + " in " +
                    std::to_string(groups) + " groups does not fit " +
                    std::to_string(image.channels) + " channels");
    return weight;
}

void conv(Call &call) {
    const Activation x = call.activation(0);
    const Image image = image_of(call, x);
    const std::int64_t groups = call.integer("group", 1);
    const Constant &weight = weight_of(call, image, groups);
    const Shape kernel(weight.dims.begin() + 2, weight.dims.end());
    if (call.gives("kernel_shape") && call.integers("kernel_shape") != kernel)
        call.refuse("its kernel_shape is not that of its weight");
    const Placement place = windows_of(call, image, kernel, false);
    const Windows &w = place.windows;
    Book &book = call.importer.book;
    const std::int64_t out = weight.dims[0];
    Parameter *bias = nullptr;
    const Shape full{out, weight.dims[1], w.rows, w.columns};
    Parameter &parameter = book.parameter(weight, image.line ? full : weight.dims);
    if (call.has(2)) {
        const Constant &constant = call.constant(2, "bias");
        if (constant.integer || constant.dims != Shape{out})
            call.refuse("its bias does not fit its weight");
        bias = &book.parameter(constant, {out});
    }
    const bool fast =
        groups == 1 && place.plain() && w.top == place.bottom && w.left == place.right &&
        place.plain()->over(image.shape(), out) == Shape{out, w.out_height, w.out_width};
    int value = 0;
    if (fast) {
        value = sequential::add_convolution(call.graph(), call.importer.image(x, image.shape()),
                                            *place.plain(), {parameter, bias},
                                            call.importer.take_rectifier(call.node));
    } else {
        if (weight.dims[1] * w.rows * w.columns > most_values / (w.out_height * w.out_width))
            call.refuse("has windows of too many values");
        value = add_general_conv(call.graph(), call.importer.plain(x, image.shape()), w, groups,
                                 parameter, bias);
    }
    call.importer.note_parameters(value);
    call.give(call.importer.activation(value, image.axes(out, w.out_height, w.out_width), true));
}

}  // namespace

std::vector<Operator> conv_operators() {
    return {{"Conv", "images and lines; any groups, dilation, padding", conv}};
}

}  // namespace onnx
