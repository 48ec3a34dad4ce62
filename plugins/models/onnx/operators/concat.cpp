// Tensors one after another along an axis.
#include "graph/combine.hpp"
#include "import/broadcast.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

Constant of_constants(const Call &call, const std::vector<Constant> &parts) {
    const Constant &first = parts[0];
    const std::size_t axis = call.axis(call.integer("axis", 0), first.dims.size());
    Constant result{first.dims, first.integer, {}, {}, {}};
    result.dims[axis] = 0;
    for (const Constant &part : parts) {
        Shape alike = part.dims;
        if (alike.size() == first.dims.size()) alike[axis] = first.dims[axis];
        if (alike != first.dims || part.integer != first.integer)
            call.refuse("its constants have the shapes " + spar::shape_text(first.dims) + " and " +
                        spar::shape_text(part.dims) + ", or different types");
        result.dims[axis] += part.dims[axis];
    }
    const auto at = static_cast<std::ptrdiff_t>(axis);
    const std::int64_t outer = spar::product({first.dims.begin(), first.dims.begin() + at});
    const auto append = [&](const auto &from, auto &to, std::int64_t o) {
        const std::int64_t count = std::ssize(from) / std::max<std::int64_t>(outer, 1);
        to.insert(to.end(), from.begin() + o * count, from.begin() + (o + 1) * count);
    };
    for (std::int64_t o = 0; o < outer; ++o)
        for (const Constant &part : parts) {
            append(part.floats, result.floats, o);
            append(part.numbers, result.numbers, o);
        }
    return result;
}

void concat(Call &call) {
    std::vector<Constant> constants;
    const Activation *model = nullptr;
    for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
        const Known &value = call.input(i);
        if (const auto *constant = std::get_if<Constant>(&value))
            constants.push_back(*constant);
        else
            model = &std::get<Activation>(value);
    }
    if (call.node.inputs.empty()) call.refuse("has no inputs");
    if (model == nullptr) return call.give(of_constants(call, constants));
    const std::size_t axis = call.axis(call.integer("axis", 0), model->rank());
    if (model->axes[axis].batch) call.refuse("puts examples after one another");
    std::vector<int> parts;
    std::vector<Axis> axes = model->axes;
    axes[axis].size = 0;
    bool learned = false;
    for (std::size_t i = 0; i < call.node.inputs.size(); ++i) {
        std::vector<Axis> own = model->axes;
        Activation part;
        if (const auto *constant = std::get_if<Constant>(&call.input(i))) {
            if (constant->dims.size() != own.size())
                call.refuse("its inputs have different numbers of axes");
            own[axis].size = constant->dims[axis];
            part = materialised(call, *constant, own);
        } else {
            part = call.activation(i);
            if (part.rank() == own.size()) own[axis].size = part.axes[axis].size;
            if (part.axes != own)
                call.refuse("its inputs have the shapes " + dims_text(*model) + " and " +
                            dims_text(part) + ", which do not follow each other along axis " +
                            std::to_string(axis));
        }
        parts.push_back(call.importer.plain(part, part.local()));
        axes[axis].size += own[axis].size;
        learned = learned || part.learned;
    }
    const int value = sequential::concatenate(call.graph(), parts, axis);
    call.give(call.importer.activation(value, axes, learned));
}

}  // namespace

std::vector<Operator> concat_operators() {
    return {{"Concat", "not along the batch", concat}};
}

}  // namespace onnx
