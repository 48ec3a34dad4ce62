// Changes of type.
#include "operators/operators.hpp"

#include <cmath>

namespace onnx {
namespace {

Constant as(const Call &call, const Constant &from, ElementType type) {
    const bool integer = is_integer(type);
    if (integer == from.integer && type != ElementType::boolean) return from;
    Constant result{from.dims, integer, {}, {}, {}};
    for (const Number &number : from.numbers) {
        if (number.batch != 0) call.refuse("makes a number of the number of examples");
        if (integer)
            result.numbers.push_back({number.fixed != 0 ? 1 : 0, 0});
        else
            result.floats.push_back(static_cast<float>(number.fixed));
    }
    for (const float value : from.floats) {
        if (!integer)
            result.floats.push_back(value);
        else if (type == ElementType::boolean)
            result.numbers.push_back({value != 0 ? 1 : 0, 0});
        else if (!(std::abs(value) < 9e18F))
            call.refuse("makes an integer of " + std::to_string(value));
        else
            result.numbers.push_back({static_cast<std::int64_t>(value), 0});
    }
    return result;
}

void cast(Call &call) {
    const auto type = static_cast<ElementType>(call.integer("to", 1));
    const Known &value = call.input(0);
    if (const auto *constant = std::get_if<Constant>(&value))
        return call.give(as(call, *constant, type));
    if (type != ElementType::float32 && type != ElementType::float64)
        call.refuse("turns computed numbers into " + type_name(type) + ", expected float32",
                    "export the model in float32");
    call.give(value);
}

void cast_like(Call &call) {
    const auto *constant = std::get_if<Constant>(&call.input(0));
    const auto *like = std::get_if<Constant>(&call.input(1));
    if (constant == nullptr) return call.give(call.input(0));
    const bool integer = like != nullptr && like->integer;
    call.give(as(call, *constant, integer ? ElementType::int64 : ElementType::float32));
}

}  // namespace

std::vector<Operator> cast_operators() {
    return {{"Cast", "computed tensors stay float32", cast},
            {"CastLike", "between types of numbers", cast_like}};
}

}  // namespace onnx
