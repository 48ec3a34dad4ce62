// Comparisons and logic of what is known when the file is read: shapes that depend on shapes.
#include "import/broadcast.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

using OfNumbers = bool (*)(Number, Number);
using OfFloats = bool (*)(float, float);

/// A number of examples is greater than any size: it equals none, and is one only by chance.
double order(Number number) {
    return static_cast<double>(number.fixed) + 1e12 * static_cast<double>(number.batch);
}

void compare(Call &call, OfNumbers numbers, OfFloats floats) {
    const Constant &left = call.constant(0, "left side"), &right = call.constant(1, "right side");
    const Shape dims = common_dims(call, left.dims, right.dims);
    const Constant a = expanded(left, dims), b = expanded(right, dims);
    if (a.integer != b.integer)
        call.refuse("its inputs are integers and numbers, expected one type");
    Constant result{dims, true, {}, {}, {}};
    for (std::size_t i = 0; i < a.numbers.size(); ++i)
        result.numbers.push_back({numbers(a.numbers[i], b.numbers[i]) ? 1 : 0, 0});
    for (std::size_t i = 0; i < a.floats.size(); ++i)
        result.numbers.push_back({floats(a.floats[i], b.floats[i]) ? 1 : 0, 0});
    call.give(std::move(result));
}

void negate(Call &call) {
    Constant result = call.constant(0, "input");
    if (!result.integer) call.refuse("takes truth values");
    for (Number &number : result.numbers) number = {number == Number{} ? 1 : 0, 0};
    call.give(std::move(result));
}

constexpr const char *known = "of what is known when the file is read";

}  // namespace

std::vector<Operator> comparison_operators() {
    return {
        {"Equal", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return a == b; },
                 [](float a, float b) { return a == b; });
         }},
        {"Greater", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return order(a) > order(b); },
                 [](float a, float b) { return a > b; });
         }},
        {"GreaterOrEqual", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return order(a) >= order(b); },
                 [](float a, float b) { return a >= b; });
         }},
        {"Less", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return order(a) < order(b); },
                 [](float a, float b) { return a < b; });
         }},
        {"LessOrEqual", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return order(a) <= order(b); },
                 [](float a, float b) { return a <= b; });
         }},
        {"And", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return a.fixed != 0 && b.fixed != 0; },
                 [](float, float) { return false; });
         }},
        {"Or", known,
         [](Call &c) {
             compare(
                 c, [](Number a, Number b) { return a.fixed != 0 || b.fixed != 0; },
                 [](float, float) { return false; });
         }},
        {"Not", known, negate},
    };
}

}  // namespace onnx
