// Sums, means and extremes along axes.
#include "import/movement.hpp"
#include "layers/pool.hpp"
#include "operations/operations.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

std::vector<std::size_t> axes_of(const Call &call, std::size_t rank) {
    std::vector<std::size_t> axes;
    for (const std::int64_t axis : call.axes(1, "axes")) axes.push_back(call.axis(axis, rank));
    if (axes.empty() && call.integer("noop_with_empty_axes", 0) == 0)
        for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
    std::ranges::sort(axes);
    if (std::ranges::adjacent_find(axes) != axes.end()) call.refuse("names an axis twice");
    return axes;
}

/// Without the axes, or with length 1 there.
template <class Sizes, class One>
Sizes left_over(const Call &call, const Sizes &sizes, const std::vector<std::size_t> &axes,
                One one) {
    Sizes rest;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const bool gone = std::ranges::count(axes, i) > 0;
        if (!gone) rest.push_back(sizes[i]);
        if (gone && call.integer("keepdims", 1) != 0) rest.push_back(one);
    }
    return rest;
}

/// Shapes are multiplied like this; sums and the like of constants hardly occur.
void product(Call &call) {
    const Constant &x = call.constant(0, "input");
    const std::vector<std::size_t> axes = axes_of(call, x.dims.size());
    const Shape dims = left_over(call, x.dims, axes, std::int64_t{1});
    if (!x.integer || spar::product(dims) != 1)
        call.refuse("multiplies more than the sizes of a shape");
    Number total{1, 0};
    for (const Number &n : x.numbers) {
        const bool sizes = n.fixed >= 0 && n.fixed <= most_values && n.batch >= 0 &&
                           n.batch <= most_values && total.fixed <= most_values &&
                           total.batch <= most_values;
        if (!sizes || (n.batch != 0 && (n.fixed != 0 || total.batch != 0)))
            call.refuse("has an absurd product");
        total = n.batch != 0 ? Number{0, total.fixed * n.batch}
                             : Number{total.fixed * n.fixed, total.batch * n.fixed};
    }
    call.give(Constant{dims, true, {}, {total}, {}});
}

void reduce(Call &call, Reduction reduction) {
    const Activation x = call.activation(0);
    const std::vector<std::size_t> axes = axes_of(call, x.rank());
    if (axes.empty()) return call.give(x);
    std::int64_t width = 1;
    for (const std::size_t i : axes) {
        if (x.axes[i].batch) call.refuse("adds examples up, of " + dims_text(x));
        width *= x.axes[i].size;
    }
    const std::vector<Axis> rest = left_over(call, x.axes, axes, Axis{});
    const bool image = reduction == Reduction::mean && x.rank() == 4 && x.axes[0].batch &&
                       x.axes[0].size == 1 && axes == std::vector<std::size_t>{2, 3};
    int value = 0;
    if (image) {
        const Shape shape{x.axes[1].size, x.axes[2].size, x.axes[3].size};
        value = sequential::add_channel_means(call.graph(), call.importer.image(x, shape));
    } else {
        const Activation turned = transposed(call, x, put_last(x.rank(), axes));
        value = add_reduction(call.graph(), call.importer.plain(turned, {x.size() / width, width}),
                              reduction);
    }
    call.give(call.importer.activation(value, rest, x.learned));
}

}  // namespace

std::vector<Operator> reduce_operators() {
    return {{"ReduceMean", "", [](Call &c) { reduce(c, Reduction::mean); }},
            {"ReduceSum", "", [](Call &c) { reduce(c, Reduction::sum); }},
            {"ReduceMax", "", [](Call &c) { reduce(c, Reduction::max); }},
            {"ReduceMin", "", [](Call &c) { reduce(c, Reduction::min); }},
            {"ReduceProd", "of shapes", product}};
}

}  // namespace onnx
