// Other shapes of the same values in the same order.
#include "import/reshaping.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

/// A 0 takes over the input's size, unless it is meant.
void take_over_zeros(const Call &call, const Known &value, std::vector<Number> &sizes) {
    if (call.integer("allowzero", 0) != 0) return;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] != Number{}) continue;
        const auto *constant = std::get_if<Constant>(&value);
        const std::size_t rank =
            constant != nullptr ? constant->dims.size() : std::get<Activation>(value).rank();
        if (i >= rank) call.refuse("takes over the size of an axis that is not there");
        if (constant != nullptr) {
            sizes[i] = {constant->dims[i], 0};
            continue;
        }
        const Axis &axis = std::get<Activation>(value).axes[i];
        sizes[i] = axis.batch && !call.importer.fixed_batch() ? Number{0, axis.size}
                                                              : Number{axis.size, 0};
    }
}

void reshape(Call &call) {
    const Known &value = call.input(0);
    std::vector<Number> sizes;
    if (call.has(1)) {
        const Constant &shape = call.constant(1, "shape");
        if (!shape.integer || shape.dims.size() != 1)
            call.refuse("its shape should be a row of integers");
        sizes = shape.numbers;
    } else {
        for (const std::int64_t size : call.integers("shape")) sizes.push_back({size, 0});
    }
    take_over_zeros(call, value, sizes);
    if (const auto *constant = std::get_if<Constant>(&value))
        return call.give(with_dims(*constant, reshaped(call, *constant, sizes)));
    const auto &x = std::get<Activation>(value);
    call.give(call.importer.activation(x.value, reshaped(call, x, sizes), x.learned));
}

void flatten(Call &call) {
    const Known &value = call.input(0);
    if (const auto *constant = std::get_if<Constant>(&value)) {
        const auto axis = static_cast<std::ptrdiff_t>(
            call.axis(call.integer("axis", 1), constant->dims.size() + 1));
        const std::int64_t rows =
            spar::product({constant->dims.begin(), constant->dims.begin() + axis});
        return call.give(with_dims(*constant, {rows, constant->size() / rows}));
    }
    const auto &x = std::get<Activation>(value);
    const std::int64_t given = call.integer("axis", 1);
    const std::size_t axis = call.axis(given, x.rank() + (given < 0 ? 0 : 1));
    Number rows{1, 0}, columns{1, 0};
    for (std::size_t i = 0; i < x.rank(); ++i) {
        Number &side = i < axis ? rows : columns;
        side = {side.fixed * x.axes[i].size, side.batch * x.axes[i].size};
        if (x.axes[i].batch && !call.importer.fixed_batch()) side = {0, side.fixed};
    }
    call.give(call.importer.activation(x.value, reshaped(call, x, {rows, columns}), x.learned));
}

/// The axes that a node names, for a result or an input of that rank.
std::vector<std::size_t> named(const Call &call, std::size_t rank) {
    std::vector<std::size_t> axes;
    for (const std::int64_t axis : call.axes(1, "axes")) axes.push_back(call.axis(axis, rank));
    return axes;
}

void squeeze(Call &call) {
    const Known &value = call.input(0);
    const auto leave = [&](auto sizes, auto one) {
        const std::vector<std::size_t> axes = named(call, sizes.size());
        decltype(sizes) rest;
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            const bool chosen = std::ranges::count(axes, i) > 0;
            if (chosen && !one(sizes[i]))
                call.refuse("axis " + std::to_string(i) + " is not of length 1");
            if (!chosen && !(axes.empty() && one(sizes[i]))) rest.push_back(sizes[i]);
        }
        return rest;
    };
    if (const auto *constant = std::get_if<Constant>(&value))
        return call.give(with_dims(
            *constant, leave(constant->dims, [](std::int64_t size) { return size == 1; })));
    const auto &x = std::get<Activation>(value);
    call.give(call.importer.activation(
        x.value, leave(x.axes, [](const Axis &axis) { return !axis.batch && axis.size == 1; }),
        x.learned));
}

void unsqueeze(Call &call) {
    const Known &value = call.input(0);
    const auto widen = [&](auto sizes, auto one) {
        const std::size_t more = call.axes(1, "axes").size();
        std::vector<std::size_t> axes = named(call, sizes.size() + more);
        std::ranges::sort(axes);
        for (const std::size_t axis : axes)
            sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(std::min(axis, sizes.size())),
                         one);
        return sizes;
    };
    if (const auto *constant = std::get_if<Constant>(&value))
        return call.give(with_dims(*constant, widen(constant->dims, std::int64_t{1})));
    const auto &x = std::get<Activation>(value);
    call.give(call.importer.activation(x.value, widen(x.axes, Axis{}), x.learned));
}

}  // namespace

std::vector<Operator> reshape_operators() {
    return {{"Reshape", "", reshape},
            {"Flatten", "", flatten},
            {"Squeeze", "", squeeze},
            {"Unsqueeze", "", unsqueeze}};
}

}  // namespace onnx
