// Borders around a tensor.
#include "import/broadcast.hpp"
#include "operations/operations.hpp"
#include "operations/with_constant.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

/// The place along an axis, or -1 outside, of position i, which counts from the border's beginning.
std::int64_t place(std::int64_t i, std::int64_t size, const std::string &mode) {
    if (mode == "edge") return std::clamp<std::int64_t>(i, 0, size - 1);
    if (mode == "reflect") return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
    if (mode == "wrap") return (i % size + size) % size;
    return i < 0 || i >= size ? -1 : i;
}

struct Border {
    std::int64_t before = 0, after = 0;
};

Movement bordered(const Shape &sizes, const std::vector<Border> &borders, const std::string &mode) {
    Movement movement;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        movement.dims.push_back(sizes[i] + borders[i].before + borders[i].after);
    const std::vector<std::int64_t> strides = strides_of(sizes), own = strides_of(movement.dims);
    const std::int64_t count = spar::product(movement.dims);
    for (std::int64_t at = 0; at < count; ++at) {
        std::int64_t from = 0;
        for (std::size_t i = 0; i < sizes.size() && from >= 0; ++i) {
            const std::int64_t position = at / own[i] % movement.dims[i] - borders[i].before;
            const std::int64_t there = place(position, sizes[i], mode);
            from = there < 0 ? -1 : from + there * strides[i];
        }
        movement.from.push_back(from);
    }
    return movement;
}

struct Sum {
    static float value(float x, float c) { return x + c; }
    static float left(float, float) { return 1; }
    static float right(float, float) { return 1; }
};

void pad(Call &call) {
    const Known value = call.input(0);
    const auto *constant = std::get_if<Constant>(&value);
    const Shape sizes = constant != nullptr ? constant->dims : std::get<Activation>(value).local();
    const std::string mode = call.text("mode", "constant");
    if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
        call.refuse("its mode \"" + mode + "\" is not supported");
    const std::vector<std::int64_t> pads = call.axes(1, "pads");
    std::vector<std::int64_t> axes =
        call.has(3) ? call.integers(3, "axes") : std::vector<std::int64_t>{};
    for (std::size_t i = 0; axes.size() < sizes.size() && !call.has(3); ++i)
        axes.push_back(static_cast<std::int64_t>(i));
    if (pads.size() != 2 * axes.size()) call.refuse("should name two numbers for each axis");
    const float fill = call.has(2) ? call.scalar(2, "value") : call.number("value", 0);
    std::vector<Border> borders(sizes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = call.axis(axes[i], sizes.size());
        const Border border{pads[i], pads[i + axes.size()]};
        const std::int64_t most = mode == "reflect" ? sizes[axis] - 1 : std::int64_t{1} << 24;
        if (border.before > most || border.after > most || border.before < -sizes[axis] ||
            border.after < -sizes[axis] || sizes[axis] + border.before + border.after < 1)
            call.refuse("a border is absurd");
        borders[axis] = border;
    }
    std::int64_t count = 1;
    for (std::size_t i = 0; i < sizes.size(); ++i)
        if ((count *= sizes[i] + borders[i].before + borders[i].after) > most_values / 8)
            call.refuse("has too many values");
    Movement movement = bordered(sizes, borders, mode);
    movement.fill = fill;
    if (constant != nullptr) return call.give(moved(*constant, movement));
    const auto &x = std::get<Activation>(value);
    std::vector<Axis> result = x.axes;
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (result[i].batch && movement.dims[i] != sizes[i]) call.refuse("adds examples");
        if (!result[i].batch) result[i].size = movement.dims[i];
    }
    Activation y = moved(call, x, movement, result);
    if (fill != 0 && std::ranges::count(movement.from, -1) > 0) {
        Constant border{{count}, false, {}, {}, {}};
        std::vector<std::int32_t> places;
        for (std::int64_t i = 0; i < count; ++i) {
            border.floats.push_back(movement.from[static_cast<std::size_t>(i)] < 0 ? fill : 0.0F);
            places.push_back(static_cast<std::int32_t>(i));
        }
        Parameter &parameter = call.importer.book.parameter(border, {count}, false);
        y.value = add_with_constant<Sum>(call.graph(), call.importer.plain(y, {count}), parameter,
                                         std::move(places), false);
    }
    call.give(std::move(y));
}

}  // namespace

std::vector<Operator> pad_operators() {
    return {{"Pad", "not along the batch", pad}};
}

}  // namespace onnx
