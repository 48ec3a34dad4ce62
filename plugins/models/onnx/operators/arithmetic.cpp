// Arithmetic of two tensors, constants or not.
#include "graph/combine.hpp"
#include "import/broadcast.hpp"
#include "operations/function_of_two.hpp"
#include "operations/operations.hpp"
#include "operations/with_constant.hpp"
#include "operators/operators.hpp"

#include <cmath>

namespace onnx {
namespace {

struct Add {
    static float value(float a, float b) { return a + b; }
    static float left(float, float) { return 1; }
    static float right(float, float) { return 1; }
    static std::optional<Number> of(Number a, Number b) {
        return Number{a.fixed + b.fixed, a.batch + b.batch};
    }
};
struct Sub {
    static float value(float a, float b) { return a - b; }
    static float left(float, float) { return 1; }
    static float right(float, float) { return -1; }
    static std::optional<Number> of(Number a, Number b) {
        return Number{a.fixed - b.fixed, a.batch - b.batch};
    }
};
struct Mul {
    static float value(float a, float b) { return a * b; }
    static float left(float, float b) { return b; }
    static float right(float a, float) { return a; }
    static std::optional<Number> of(Number a, Number b) {
        if (a.batch != 0 && b.batch != 0) return std::nullopt;
        return Number{a.fixed * b.fixed, a.batch * b.fixed + a.fixed * b.batch};
    }
};
struct Div {
    static float value(float a, float b) { return a / b; }
    static float left(float, float b) { return 1 / b; }
    static float right(float a, float b) { return -a / (b * b); }
    static std::optional<Number> of(Number a, Number b) {
        if (a == b && a.batch != 0) return Number{1, 0};
        if (b.batch != 0 || b.fixed == 0 || a.batch % b.fixed != 0) return std::nullopt;
        if (a.batch != 0 && a.fixed % b.fixed != 0) return std::nullopt;
        return Number{a.fixed / b.fixed, a.batch / b.fixed};
    }
};
struct Mod {
    static float value(float a, float b) { return std::fmod(a, b); }
    static float left(float, float) { return 1; }
    static float right(float a, float b) { return -std::trunc(a / b); }
    static std::optional<Number> of(Number a, Number b) {
        if (a.batch != 0 || b.batch != 0 || b.fixed == 0) return std::nullopt;
        const std::int64_t rest = a.fixed % b.fixed;
        return Number{rest != 0 && (rest < 0) != (b.fixed < 0) ? rest + b.fixed : rest, 0};
    }
};
struct Pow {
    static float value(float a, float b) { return b == 2 ? a * a : std::pow(a, b); }
    static float left(float a, float b) { return b == 0 ? 0.0F : b * std::pow(a, b - 1); }
    static float right(float a, float b) { return a > 0 ? std::pow(a, b) * std::log(a) : 0.0F; }
    static std::optional<Number> of(Number a, Number b) {
        if (a.batch != 0 || b.batch != 0 || b.fixed < 0 || b.fixed > 62) return std::nullopt;
        std::int64_t result = 1;
        for (std::int64_t i = 0; i < b.fixed; ++i) {
            if (std::abs(result) > (std::int64_t{1} << 31) || std::abs(a.fixed) > (1 << 30))
                return std::nullopt;
            result *= a.fixed;
        }
        return Number{result, 0};
    }
};
struct Min {
    static float value(float a, float b) { return b < a ? b : a; }
    static float left(float a, float b) { return b < a ? 0.0F : 1.0F; }
    static float right(float a, float b) { return b < a ? 1.0F : 0.0F; }
    static std::optional<Number> of(Number a, Number b) {
        if (a.batch != b.batch) return std::nullopt;
        return Number{std::min(a.fixed, b.fixed), a.batch};
    }
};
struct Max {
    static float value(float a, float b) { return b > a ? b : a; }
    static float left(float a, float b) { return b > a ? 0.0F : 1.0F; }
    static float right(float a, float b) { return b > a ? 1.0F : 0.0F; }
    static std::optional<Number> of(Number a, Number b) {
        if (a.batch != b.batch) return std::nullopt;
        return Number{std::max(a.fixed, b.fixed), a.batch};
    }
};

/// The arguments in the other order.
template <class F>
struct Swapped {
    static float value(float a, float b) { return F::value(b, a); }
    static float left(float a, float b) { return F::right(b, a); }
    static float right(float a, float b) { return F::left(b, a); }
};

bool small(const Number &number) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    const auto is = [](std::int64_t value) { return value > -most && value < most; };
    return is(number.fixed) && is(number.batch);
}

template <class F>
Constant of_constants(Call &call, const Constant &left, const Constant &right) {
    const Shape dims = common_dims(call, left.dims, right.dims);
    const Constant a = expanded(left, dims), b = expanded(right, dims);
    if (a.integer != b.integer)
        call.refuse("its inputs are integers and numbers, expected one type");
    Constant result{dims, a.integer, {}, {}, {}};
    for (std::size_t i = 0; i < a.floats.size(); ++i)
        result.floats.push_back(F::value(a.floats[i], b.floats[i]));
    for (std::size_t i = 0; i < a.numbers.size(); ++i) {
        const bool possible = small(a.numbers[i]) && small(b.numbers[i]);
        const bool product = std::abs(static_cast<double>(a.numbers[i].fixed) *
                                      static_cast<double>(b.numbers[i].fixed)) < 4e18;
        const auto number = possible && product ? F::of(a.numbers[i], b.numbers[i]) : std::nullopt;
        if (!number)
            call.refuse(
                "cannot be computed for any number of examples",
                "export with a symbolic batch as the first axis, and everything else fixed");
        result.numbers.push_back(*number);
    }
    return result;
}

/// What is trained: parameters that shift or scale computed features. Constants around the inputs
/// themselves are the data's normalisation, except a sum with as many values as an example has, as
/// positions are.
template <class F>
bool trains(const Activation &x, const Constant &constant) {
    if (constant.origin == nullptr || constant.size() < 2) return false;
    if (std::is_same_v<F, Pow> || std::is_same_v<F, Mod>) return false;
    return x.learned || (std::is_same_v<F, Add> && constant.size() == x.size());
}

template <class F, class Here>
void with_constant(Call &call, const Activation &given, const Constant &constant) {
    if (constant.integer) call.refuse("integers meet numbers that depend on the examples");
    const std::vector<Axis> axes = common_axes(call, given, constant.dims);
    const Activation x = expanded(call, given, axes);
    const bool trained = trains<F>(x, constant);
    Parameter &parameter = call.importer.book.parameter(constant, constant.dims, trained);
    const int value =
        add_with_constant<Here>(call.graph(), call.importer.plain(x, {x.size()}), parameter,
                                places_of(call, constant.dims, axes), trained);
    call.give(call.importer.activation(value, axes, x.learned || trained));
}

template <class F>
void of_activations(Call &call, const Activation &left, const Activation &right) {
    const std::vector<Axis> axes = common_axes(call, left, right);
    const Activation a = expanded(call, left, axes), b = expanded(call, right, axes);
    sequential::Graph &graph = call.graph();
    const bool same = graph.value(a.value).shape == graph.value(b.value).shape;
    int value = 0;
    const auto flat = [&](const Activation &x) { return call.importer.plain(x, {x.size()}); };
    if constexpr (std::is_same_v<F, Add>)
        value = same ? sequential::add(graph, a.value, b.value)
                     : sequential::add(graph, flat(a), flat(b));
    else if constexpr (std::is_same_v<F, Mul>)
        value = same ? sequential::multiply(graph, a.value, b.value)
                     : sequential::multiply(graph, flat(a), flat(b));
    else
        value = add_function_of_two<F>(graph, flat(a), flat(b));
    call.give(call.importer.activation(value, axes, a.learned || b.learned));
}

template <class F>
void arithmetic(Call &call) {
    const Known left = call.input(0), right = call.input(1);
    const auto *a = std::get_if<Constant>(&left), *b = std::get_if<Constant>(&right);
    if (a != nullptr && b != nullptr) return call.give(of_constants<F>(call, *a, *b));
    if (b != nullptr) return with_constant<F, F>(call, std::get<Activation>(left), *b);
    if (a != nullptr) return with_constant<F, Swapped<F>>(call, std::get<Activation>(right), *a);
    of_activations<F>(call, std::get<Activation>(left), std::get<Activation>(right));
}

void mod(Call &call) {
    if (call.integer("fmod", 0) != 0)
        call.refuse("computes in C's way (fmod), which is not supported");
    call.constant(0, "dividend");
    call.constant(1, "divisor");
    arithmetic<Mod>(call);
}

}  // namespace

std::vector<Operator> arithmetic_operators() {
    return {{"Add", "", arithmetic<Add>},           {"Sub", "", arithmetic<Sub>},
            {"Mul", "", arithmetic<Mul>},           {"Div", "", arithmetic<Div>},
            {"Pow", "", arithmetic<Pow>},           {"Min", "two inputs", arithmetic<Min>},
            {"Max", "two inputs", arithmetic<Max>}, {"Mod", "integers that are known", mod}};
}

}  // namespace onnx
