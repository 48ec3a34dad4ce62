// Softmax and its logarithm.
#include "import/movement.hpp"
#include "operations/operations.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

void softmax(Call &call, bool logarithm) {
    const Activation x = call.activation(0);
    const bool flattens = call.opset() < 13;  // then all axes from there on are one
    const std::size_t axis = call.axis(call.integer("axis", flattens ? 1 : -1), x.rank());
    std::vector<std::size_t> axes{axis};
    for (std::size_t i = axis + 1; flattens && i < x.rank(); ++i) axes.push_back(i);
    std::int64_t width = 1;
    for (const std::size_t i : axes) {
        if (x.axes[i].batch) call.refuse("runs over examples, of " + dims_text(x));
        width *= x.axes[i].size;
    }
    const std::vector<std::size_t> order = put_last(x.rank(), axes);
    const Activation turned = transposed(call, x, order);
    const int lines = call.importer.plain(turned, {x.size() / width, width});
    const int value =
        logarithm ? add_log_softmax(call.graph(), lines) : add_softmax(call.graph(), lines);
    std::vector<std::size_t> back(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) back[order[i]] = i;
    call.give(transposed(call, call.importer.activation(value, turned.axes, x.learned), back));
}

}  // namespace

std::vector<Operator> softmax_operators() {
    return {{"Softmax", "", [](Call &c) { softmax(c, false); }},
            {"LogSoftmax", "", [](Call &c) { softmax(c, true); }}};
}

}  // namespace onnx
