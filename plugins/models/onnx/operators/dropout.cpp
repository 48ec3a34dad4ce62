// Dropout, which is active when Spar trains, whatever the file says.
#include "layers/dropout.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

void dropout(Call &call) {
    const Activation x = call.activation(0);
    float ratio = call.number("ratio", 0.5F);
    if (call.has(1)) ratio = call.scalar(1, "ratio");
    if (!(ratio >= 0 && ratio < 1)) call.refuse("its ratio is " + std::to_string(ratio));
    if (ratio == 0) return call.give(x);
    const int value = sequential::drop(call.graph(), call.importer.plain(x, {x.size()}), ratio,
                                       call.importer.next_ordinal());
    call.give(call.importer.activation(value, x.axes, x.learned));
}

}  // namespace

std::vector<Operator> dropout_operators() {
    return {{"Dropout", "active in training", dropout}};
}

}  // namespace onnx
