// A choice, value by value, by a condition that is known when the file is read.
#include "graph/combine.hpp"
#include "import/broadcast.hpp"
#include "operations/operations.hpp"
#include "operations/with_constant.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

/// x where c is 1. A product would make NaN of an infinite x.
struct Kept {
    static float value(float x, float c) { return c != 0 ? x : 0.0F; }
    static float left(float, float c) { return c; }
    static float right(float, float) { return 0; }
};

Constant of_constants(const Call &call, const Constant &condition, const Constant &yes,
                      const Constant &no) {
    const Shape dims = common_dims(call, condition.dims, common_dims(call, yes.dims, no.dims));
    const Constant c = expanded(condition, dims), a = expanded(yes, dims), b = expanded(no, dims);
    if (a.integer != b.integer)
        call.refuse("its inputs are integers and numbers, expected one type");
    Constant result{dims, a.integer, {}, {}, {}};
    for (std::size_t i = 0; i < c.numbers.size(); ++i) {
        const bool first = c.numbers[i] != Number{};
        if (a.integer)
            result.numbers.push_back(first ? a.numbers[i] : b.numbers[i]);
        else
            result.floats.push_back(first ? a.floats[i] : b.floats[i]);
    }
    return result;
}

Activation kept(Call &call, const Activation &x, const Constant &condition, bool where) {
    Constant mask{condition.dims, false, {}, {}, {}};
    for (const Number &number : condition.numbers)
        mask.floats.push_back((number != Number{}) == where ? 1.0F : 0.0F);
    const std::vector<Axis> axes = common_axes(call, x, mask.dims);
    const Activation wide = expanded(call, x, axes);
    Parameter &parameter = call.importer.book.parameter(mask, mask.dims, false);
    const int value =
        add_with_constant<Kept>(call.graph(), call.importer.plain(wide, {wide.size()}), parameter,
                                places_of(call, mask.dims, axes), false);
    return call.importer.activation(value, axes, x.learned);
}

void where(Call &call) {
    const Constant condition = call.constant(0, "condition");
    if (!condition.integer) call.refuse("its condition should hold truth values");
    const Known yes = call.input(1), no = call.input(2);
    const auto *a = std::get_if<Constant>(&yes), *b = std::get_if<Constant>(&no);
    if (a != nullptr && b != nullptr) return call.give(of_constants(call, condition, *a, *b));
    const Activation &model = std::get<Activation>(a == nullptr ? yes : no);
    const auto computed = [&](const Known &known) {
        const auto *constant = std::get_if<Constant>(&known);
        if (constant == nullptr) return std::get<Activation>(known);
        return materialised(call, *constant, common_axes(call, model, constant->dims));
    };
    Activation left = computed(yes), right = computed(no);
    const std::vector<Axis> axes = common_axes(call, left, right);
    left = kept(call, expanded(call, left, axes), condition, true);
    right = kept(call, expanded(call, right, axes), condition, false);
    const int sum = sequential::add(call.graph(), call.importer.plain(left, {left.size()}),
                                    call.importer.plain(right, {right.size()}));
    call.give(call.importer.activation(sum, left.axes, left.learned || right.learned));
}

}  // namespace

std::vector<Operator> where_operators() {
    return {{"Where", "the condition is known when the file is read", where}};
}

}  // namespace onnx
