#include "import/movement.hpp"

#include "layers/gather.hpp"

#include <algorithm>
#include <numeric>

namespace onnx {

std::vector<std::int64_t> strides_of(const Shape &dims) {
    std::vector<std::int64_t> strides(dims.size(), 1);
    for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
    return strides;
}

Movement strided(const Shape &dims, const std::vector<std::int64_t> &strides, std::int64_t first) {
    Movement movement{dims, {}, 0};
    const std::int64_t count = spar::product(dims);
    if (count < 0 || count > most_values / 8)
        throw spar::invalid("a tensor would have " + std::to_string(count) + " values");
    movement.from.reserve(static_cast<std::size_t>(count));
    std::vector<std::int64_t> at(dims.size(), 0);
    std::int64_t place = first;
    for (std::int64_t i = 0; i < count; ++i) {
        movement.from.push_back(place);
        for (std::size_t axis = dims.size(); axis-- > 0;) {
            place += strides[axis];
            if (++at[axis] < dims[axis]) break;
            place -= strides[axis] * dims[axis];
            at[axis] = 0;
        }
    }
    return movement;
}

Constant moved(const Constant &constant, const Movement &movement) {
    Constant result{movement.dims, constant.integer, {}, {}, {}};
    bool filled = false;
    for (const std::int64_t from : movement.from) {
        const auto at = static_cast<std::size_t>(from);
        filled = filled || from < 0;
        if (constant.integer)
            result.numbers.push_back(from < 0 ? Number{static_cast<std::int64_t>(movement.fill), 0}
                                              : constant.numbers[at]);
        else
            result.floats.push_back(from < 0 ? movement.fill : constant.floats[at]);
    }
    if (constant.origin == nullptr || filled) return result;
    Origin origin{constant.origin->initialiser, {}};
    const auto &before = constant.origin->elements;
    for (const std::int64_t from : movement.from)
        origin.elements.push_back(before.empty() ? from : before[static_cast<std::size_t>(from)]);
    result.origin = std::make_shared<const Origin>(std::move(origin));
    return result;
}

/// The greatest length of which all pieces that lie together are multiples.
static std::int64_t run_of(const std::vector<std::int64_t> &from) {
    std::int64_t run = 0, length = 1;
    for (std::size_t i = 1; i < from.size(); ++i, ++length) {
        const bool together =
            from[i] < 0 ? from[i - 1] < 0 : from[i] == from[i - 1] + 1 && from[i - 1] >= 0;
        if (together) continue;
        run = std::gcd(run, length);
        length = 0;
    }
    return std::gcd(run, length);
}

Activation moved(Call &call, const Activation &activation, const Movement &movement,
                 std::vector<Axis> axes) {
    const auto count = static_cast<std::int64_t>(movement.from.size());
    bool same = count == activation.size();
    for (std::size_t i = 0; same && i < movement.from.size(); ++i)
        same = movement.from[i] == static_cast<std::int64_t>(i);
    if (same)
        return call.importer.activation(activation.value, std::move(axes), activation.learned);
    const int flat = call.importer.plain(activation, {activation.size()});
    sequential::Pieces pieces;
    pieces.run = run_of(movement.from);
    for (std::size_t i = 0; i < movement.from.size(); i += static_cast<std::size_t>(pieces.run))
        pieces.from.push_back(movement.from[i]);
    const int value = sequential::gather(call.graph(), flat, {count}, std::move(pieces));
    return call.importer.activation(value, std::move(axes), activation.learned);
}

static Movement turned(const Shape &dims, const std::vector<std::size_t> &order) {
    const std::vector<std::int64_t> strides = strides_of(dims);
    Shape result;
    std::vector<std::int64_t> steps;
    for (const std::size_t axis : order) {
        result.push_back(dims[axis]);
        steps.push_back(strides[axis]);
    }
    return strided(result, steps);
}

Constant transposed(const Constant &constant, const std::vector<std::size_t> &order) {
    return moved(constant, turned(constant.dims, order));
}

Activation transposed(Call &call, const Activation &activation,
                      const std::vector<std::size_t> &order) {
    std::vector<Axis> axes;
    for (const std::size_t axis : order) axes.push_back(activation.axes[axis]);
    return moved(call, activation, turned(activation.local(), order), std::move(axes));
}

std::vector<std::size_t> put_last(std::size_t rank, const std::vector<std::size_t> &axes) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < rank; ++i)
        if (std::ranges::count(axes, i) == 0) order.push_back(i);
    order.insert(order.end(), axes.begin(), axes.end());
    return order;
}

Constant with_dims(Constant constant, Shape dims) {
    constant.dims = std::move(dims);
    return constant;
}

}  // namespace onnx
