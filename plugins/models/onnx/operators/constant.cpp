// Constants, and values passed on as they are.
#include "operators/operators.hpp"

namespace onnx {
namespace {

Constant of_tensor(const Call &call, const Attribute &attribute) {
    if (attribute.kind != Attribute::Kind::tensor) call.refuse("its value is no tensor");
    const Tensor &tensor = attribute.tensor;
    Constant constant{tensor.dims, is_integer(tensor.type), tensor.floats, {}, {}};
    for (const std::int64_t value : tensor.integers) constant.numbers.push_back({value, 0});
    return constant;
}

void constant(Call &call) {
    for (const auto &[name, attribute] : call.node.attributes) {
        Constant result;
        if (name == "value") {
            result = of_tensor(call, attribute);
        } else if (name == "value_float") {
            result.floats = {attribute.number};
        } else if (name == "value_floats") {
            result.dims = {std::ssize(attribute.numbers)};
            result.floats = attribute.numbers;
        } else if (name == "value_int") {
            result.integer = true;
            result.numbers = {{attribute.integer, 0}};
        } else if (name == "value_ints") {
            result.integer = true;
            result.dims = {std::ssize(attribute.integers)};
            for (const std::int64_t value : attribute.integers)
                result.numbers.push_back({value, 0});
        } else {
            continue;
        }
        return call.give(std::move(result));
    }
    call.refuse("holds no dense number, which alone is supported");
}

/// PyTorch's older exporter stores parameters of equal values once, and names the others by this:
/// they are parameters of their own.
void identity(Call &call) {
    Known value = call.input(0);
    auto *found = std::get_if<Constant>(&value);
    const std::string name = call.node.outputs.empty() ? "" : call.node.outputs[0];
    if (call.importer.from_pytorch() && found != nullptr && found->origin != nullptr &&
        found->origin->elements.empty()) {
        call.importer.book.declare_again(name, found->origin->initialiser);
        found->origin = std::make_shared<const Origin>(Origin{name, {}});
    }
    call.give(std::move(value));
}

void constant_of_shape(Call &call) {
    const Constant &dims = call.constant(0, "shape");
    Constant result;
    const auto attribute = call.node.attributes.find("value");
    Constant fill{{1}, false, {0.0F}, {}, {}};
    if (attribute != call.node.attributes.end()) fill = of_tensor(call, attribute->second);
    if (fill.size() != 1) call.refuse("its value should be one number");
    for (const Number &size : dims.numbers) {
        if (size.batch != 0)
            call.refuse("makes constants for each example",
                        "write x.new_zeros(1, ...) and let them be broadcast");
        result.dims.push_back(size.fixed);
    }
    const std::int64_t count = spar::product(result.dims);
    if (count < 0 || count > most_values / 8) call.refuse("makes too many values");
    result.integer = fill.integer;
    if (fill.integer)
        result.numbers.assign(static_cast<std::size_t>(count), fill.numbers[0]);
    else
        result.floats.assign(static_cast<std::size_t>(count), fill.floats[0]);
    call.give(std::move(result));
}

}  // namespace

std::vector<Operator> constant_operators() {
    return {{"Constant", "dense numbers", constant},
            {"ConstantOfShape", "of a shape without the batch", constant_of_shape},
            {"Identity", "", identity}};
}

}  // namespace onnx
