// Parts of a tensor along its axes.
#include "import/movement.hpp"
#include "operators/operators.hpp"

#include <limits>

namespace onnx {
namespace {

struct Cut {
    std::int64_t first = 0, count = 0, step = 1;
};

/// Any number of the first `cuts.size()` axes.
void give_part(Call &call, const Known &value, const std::vector<Cut> &cuts, std::size_t output) {
    const auto *constant = std::get_if<Constant>(&value);
    const Shape local = constant != nullptr ? constant->dims : std::get<Activation>(value).local();
    std::vector<std::int64_t> strides = strides_of(local);
    Shape dims;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < local.size(); ++i) {
        first += cuts[i].first * strides[i];
        strides[i] *= cuts[i].step;
        dims.push_back(cuts[i].count);
    }
    if (constant != nullptr)
        return call.give(moved(*constant, strided(dims, strides, first)), output);
    const auto &x = std::get<Activation>(value);
    std::vector<Axis> axes = x.axes;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i].batch && (cuts[i].count != local[i] || cuts[i].step != 1))
            call.refuse("takes some of the examples apart, of " + dims_text(x));
        if (cuts[i].count == 0) call.refuse("leaves nothing over of " + dims_text(x));
        if (!axes[i].batch) axes[i].size = cuts[i].count;
    }
    call.give(moved(call, x, strided(dims, strides, first), axes), output);
}

Shape sizes_of(const Known &value) {
    const auto *constant = std::get_if<Constant>(&value);
    return constant != nullptr ? constant->dims : std::get<Activation>(value).local();
}

std::vector<Cut> whole(const Shape &sizes) {
    std::vector<Cut> cuts;
    for (const std::int64_t size : sizes) cuts.push_back({0, size, 1});
    return cuts;
}

/// What an axis of `size` has from `start` to before `end`, as in NumPy.
Cut cut_of(std::int64_t size, std::int64_t start, std::int64_t end, std::int64_t step) {
    const auto place = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
        if (at < 0) at = at < -size ? low : at + size;
        return std::min(std::max(at, low), high);
    };
    const bool forward = step > 0;
    const std::int64_t first = place(start, 0, forward ? size : size - 1);
    const std::int64_t last = place(end, forward ? 0 : -1, size);
    const std::int64_t way = forward ? last - first : first - last, pace = forward ? step : -step;
    const std::int64_t count = way > 0 ? (way - 1) / pace + 1 : 0;
    return {first, count, count > 1 ? step : 1};
}

/// A bound that counts examples lies beyond every size.
std::vector<std::int64_t> bounds(const Call &call, std::size_t i, const char *name) {
    if (!call.has(i)) return call.integers(name);
    const Constant &found = call.constant(i, name);
    if (!found.integer) call.refuse(std::string("its ") + name + " should be integers");
    std::vector<std::int64_t> values;
    for (const Number &number : found.numbers)
        values.push_back(number.batch > 0 ? std::numeric_limits<std::int64_t>::max()
                                          : number.fixed);
    return values;
}

void slice(Call &call) {
    const Known &value = call.input(0);
    const Shape sizes = sizes_of(value);
    const std::vector<std::int64_t> starts = bounds(call, 1, "starts"),
                                    ends = bounds(call, 2, "ends");
    std::vector<std::int64_t> axes = call.axes(3, "axes");
    std::vector<std::int64_t> steps = call.axes(4, "steps");
    for (std::size_t i = axes.size(); i < starts.size() && !call.has(3); ++i)
        axes.push_back(static_cast<std::int64_t>(i));
    if (steps.empty()) steps.assign(starts.size(), 1);
    if (ends.size() != starts.size() || axes.size() != starts.size() ||
        steps.size() != starts.size())
        call.refuse("its starts, ends, axes and steps are of different lengths");
    std::vector<Cut> cuts = whole(sizes);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const std::size_t axis = call.axis(axes[i], sizes.size());
        if (steps[i] == 0 || std::abs(static_cast<double>(steps[i])) > 1e15)
            call.refuse("a step is 0, or absurd");
        cuts[axis] = cut_of(sizes[axis], starts[i], ends[i], steps[i]);
    }
    give_part(call, value, cuts, 0);
}

void split(Call &call) {
    const Known value = call.input(0);
    const Shape sizes = sizes_of(value);
    const std::size_t axis = call.axis(call.integer("axis", 0), sizes.size());
    const auto parts = static_cast<std::int64_t>(call.node.outputs.size());
    std::vector<std::int64_t> lengths = call.axes(1, "split");
    if (lengths.empty()) {
        const std::int64_t each = (sizes[axis] + parts - 1) / std::max<std::int64_t>(parts, 1);
        for (std::int64_t left = sizes[axis]; std::ssize(lengths) < parts; left -= each)
            lengths.push_back(std::max<std::int64_t>(0, std::min(each, left)));
    }
    std::int64_t total = 0;
    for (const std::int64_t length : lengths) {
        if (length < 0 || length > sizes[axis]) call.refuse("a part has an absurd length");
        total += length;
    }
    if (std::ssize(lengths) != parts || total != sizes[axis])
        call.refuse("its " + std::to_string(parts) + " parts do not add up to the axis of length " +
                    std::to_string(sizes[axis]));
    std::vector<Cut> cuts = whole(sizes);
    std::int64_t first = 0;
    for (std::size_t i = 0; i < lengths.size(); first += lengths[i++]) {
        cuts[axis] = {first, lengths[i], 1};
        if (!call.node.outputs[i].empty()) give_part(call, value, cuts, i);
    }
}

}  // namespace

std::vector<Operator> slice_operators() {
    return {{"Slice", "not along the batch", slice}, {"Split", "not along the batch", split}};
}

}  // namespace onnx
