#include "import/broadcast.hpp"

#include "operations/operations.hpp"

#include <algorithm>

namespace onnx {
namespace {

/// With axes of length 1 before it.
Shape widened(Shape shape, std::size_t rank) {
    if (shape.size() < rank) shape.insert(shape.begin(), rank - shape.size(), 1);
    return shape;
}

std::vector<Axis> widened(std::vector<Axis> axes, std::size_t rank) {
    if (axes.size() < rank) axes.insert(axes.begin(), rank - axes.size(), Axis{});
    return axes;
}

/// The strides that repeat what is short.
Movement repeated(const Shape &from, const Shape &to) {
    const Shape wide = widened(from, to.size());
    std::vector<std::int64_t> strides = strides_of(wide);
    for (std::size_t i = 0; i < to.size(); ++i)
        if (wide[i] != to[i]) strides[i] = 0;
    return strided(to, strides);
}

}  // namespace

Shape common_dims(const Call &call, const Shape &left, const Shape &right) {
    const std::size_t rank = std::max(left.size(), right.size());
    Shape a = widened(left, rank);
    const Shape b = widened(right, rank);
    for (std::size_t i = 0; i < rank; ++i) {
        if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
            call.refuse("its inputs have the shapes " + spar::shape_text(left) + " and " +
                        spar::shape_text(right) + ", which do not go together");
        if (a[i] == 1) a[i] = b[i];
    }
    return a;
}

Constant expanded(const Constant &constant, const Shape &dims) {
    return constant.dims == dims ? constant : moved(constant, repeated(constant.dims, dims));
}

std::vector<Axis> common_axes(const Call &call, const Activation &left, const Activation &right) {
    const std::size_t rank = std::max(left.rank(), right.rank());
    std::vector<Axis> a = widened(left.axes, rank);
    const std::vector<Axis> b = widened(right.axes, rank);
    for (std::size_t i = 0; i < rank; ++i) {
        const bool alike =
            a[i].batch == b[i].batch && a[i].size == b[i].size && a[i].before == b[i].before;
        const bool left_alone = !b[i].batch && b[i].size == 1;
        const bool right_alone = !a[i].batch && a[i].size == 1;
        if (!alike && !left_alone && !right_alone)
            call.refuse("its inputs have the shapes " + dims_text(left) + " and " +
                        dims_text(right) + ", which do not go together");
        if (right_alone) a[i] = b[i];
    }
    if (std::ranges::count_if(a, &Axis::batch) != 1)
        call.refuse("the examples are along different axes of its inputs, " + dims_text(left) +
                    " and " + dims_text(right));
    return a;
}

std::vector<Axis> common_axes(const Call &call, const Activation &left, const Shape &right) {
    const std::size_t rank = std::max(left.rank(), right.size());
    std::vector<Axis> axes = widened(left.axes, rank);
    const Shape other = widened(right, rank);
    for (std::size_t i = 0; i < rank; ++i) {
        if (other[i] != 1 && (axes[i].batch || (axes[i].size != 1 && axes[i].size != other[i])))
            call.refuse("its inputs have the shapes " + dims_text(left) + " and " +
                        spar::shape_text(right) + ", which do not go together");
        if (!axes[i].batch && axes[i].size == 1) axes[i].size = other[i];
    }
    return axes;
}

Activation expanded(Call &call, const Activation &activation, const std::vector<Axis> &axes) {
    Activation target{activation.value, axes, activation.learned};
    return moved(call, activation, repeated(activation.local(), target.local()), axes);
}

std::vector<std::int32_t> places_of(const Call &call, const Shape &constant,
                                    const std::vector<Axis> &axes) {
    const Shape local = Activation{0, axes, false}.local();
    Shape wide = widened(constant, local.size());
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (axes[i].batch && wide[i] != 1)
            call.refuse("a constant of the shape " + spar::shape_text(constant) +
                        " differs from example to example");
    const Movement movement = repeated(constant, local);
    return {movement.from.begin(), movement.from.end()};
}

Activation materialised(Call &call, const Constant &constant, const std::vector<Axis> &axes) {
    const Activation shape{0, axes, false};
    const Shape local = shape.local();
    if (constant.integer) call.refuse("integers meet numbers that depend on the examples");
    if (common_dims(call, constant.dims, local) != local)
        call.refuse("a constant of the shape " + spar::shape_text(constant.dims) +
                    " does not fit " + dims_text(shape));
    const Constant whole = expanded(constant, local);
    const bool trained = whole.origin != nullptr;
    Parameter &parameter = call.importer.book.parameter(whole, local);
    const int value = add_constant(call.graph(), parameter, {whole.size()}, trained);
    if (trained) call.importer.note_parameters(value);
    return call.importer.activation(value, axes, trained);
}

}  // namespace onnx
