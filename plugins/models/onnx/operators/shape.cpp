// Shapes as values.
#include "operators/operators.hpp"

namespace onnx {
namespace {

std::vector<Number> shape_of(const Call &call) {
    std::vector<Number> sizes;
    const Known &value = call.input(0);
    if (const auto *constant = std::get_if<Constant>(&value)) {
        for (const std::int64_t size : constant->dims) sizes.push_back({size, 0});
        return sizes;
    }
    for (const Axis &axis : std::get<Activation>(value).axes)
        sizes.push_back(axis.batch && !call.importer.fixed_batch() ? Number{0, axis.size}
                                                                   : Number{axis.size, 0});
    return sizes;
}

Constant row(std::vector<Number> numbers) {
    return {{std::ssize(numbers)}, true, {}, std::move(numbers), {}};
}

void shape(Call &call) {
    const std::vector<Number> all = shape_of(call);
    const auto count = std::ssize(all);
    const auto bound = [&](const char *name, std::int64_t otherwise) {
        const std::int64_t given = call.integer(name, otherwise);
        return std::min(std::max<std::int64_t>(given < 0 ? given + count : given, 0), count);
    };
    const std::int64_t first = bound("start", 0), last = std::max(first, bound("end", count));
    call.give(row({all.begin() + first, all.begin() + last}));
}

void size(Call &call) {
    Number total{1, 0};
    for (const Number &number : shape_of(call))
        total = number.batch != 0 ? Number{0, total.fixed * number.batch}
                                  : Number{total.fixed * number.fixed, total.batch * number.fixed};
    call.give(Constant{{}, true, {}, {total}, {}});
}

void range(Call &call) {
    const auto at = [&](std::size_t i, const char *what) {
        const Constant &found = call.constant(i, what);
        if (!found.integer || found.size() != 1 || found.numbers[0].batch != 0)
            call.refuse(std::string("its ") + what + " should be one known integer");
        return found.numbers[0].fixed;
    };
    const std::int64_t first = at(0, "start"), limit = at(1, "limit"), step = at(2, "step");
    constexpr std::int64_t absurd = std::int64_t{1} << 40;
    for (const std::int64_t value : {first, limit, step})
        if (value < -absurd || value > absurd) call.refuse("has an absurd bound");
    if (step == 0) call.refuse("its step is 0");
    std::vector<Number> numbers;
    for (std::int64_t i = first; step > 0 ? i < limit : i > limit; i += step) {
        if (numbers.size() >= (1U << 24)) call.refuse("has too many values");
        numbers.push_back({i, 0});
    }
    call.give(row(std::move(numbers)));
}

}  // namespace

std::vector<Operator> shape_operators() {
    return {{"Shape", "", shape}, {"Size", "", size}, {"Range", "of integers", range}};
}

}  // namespace onnx
