// Tensors repeated along axes.
#include "import/broadcast.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

void expand(Call &call) {
    const Known value = call.input(0);
    const Constant &shape = call.constant(1, "shape");
    if (!shape.integer) call.refuse("its shape should be integers");
    Shape dims;
    std::vector<Axis> axes;
    bool batch = false;
    for (const Number &size : shape.numbers) {
        batch = batch || size.batch != 0;
        dims.push_back(size.batch != 0 ? size.batch : size.fixed);
        if (dims.back() < 0 || dims.back() > sequential::largest_volume)
            call.refuse("its shape has an absurd size");
        axes.push_back({dims.back(), size.batch != 0, 1});
    }
    if (const auto *constant = std::get_if<Constant>(&value)) {
        if (!batch) return call.give(expanded(*constant, common_dims(call, constant->dims, dims)));
        if (std::ranges::count_if(axes, &Axis::batch) != 1) call.refuse("repeats the batch twice");
        const Activation target{0, axes, false};
        const std::vector<Axis> all = common_axes(call, target, constant->dims);
        return call.give(materialised(call, *constant, all));
    }
    const auto &x = std::get<Activation>(value);
    // A size that counts examples, or is 1, leaves the batch as it is.
    Shape others = dims;
    for (std::size_t i = 0; i < others.size(); ++i)
        if (axes[i].batch) others[i] = 1;
    call.give(expanded(call, x, common_axes(call, x, others)));
}

void tile(Call &call) {
    const Known value = call.input(0);
    const std::vector<std::int64_t> times = call.integers(1, "repeats");
    const auto *constant = std::get_if<Constant>(&value);
    const Shape sizes = constant != nullptr ? constant->dims : std::get<Activation>(value).local();
    if (times.size() != sizes.size()) call.refuse("should name a number for each axis");
    // Twice as many axes: [times, size] for each.
    Shape dims, joined;
    std::vector<std::int64_t> strides;
    const std::vector<std::int64_t> own = strides_of(sizes);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (times[i] < 1 || times[i] > sequential::largest_volume)
            call.refuse("repeats an absurd number of times");
        dims.insert(dims.end(), {times[i], sizes[i]});
        strides.insert(strides.end(), {0, own[i]});
        joined.push_back(times[i] * sizes[i]);
    }
    Movement movement = strided(dims, strides);
    movement.dims = joined;
    if (constant != nullptr) return call.give(moved(*constant, movement));
    const auto &x = std::get<Activation>(value);
    std::vector<Axis> axes = x.axes;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i].batch && times[i] != 1) call.refuse("repeats the batch");
        if (!axes[i].batch) axes[i].size = joined[i];
    }
    call.give(moved(call, x, movement, axes));
}

}  // namespace

std::vector<Operator> expand_operators() {
    return {{"Expand", "", expand}, {"Tile", "not along the batch", tile}};
}

}  // namespace onnx
