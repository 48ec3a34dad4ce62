// Products of matrices, of which one or both depend on the examples.
#include "import/lines.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

std::vector<std::size_t> last_two_swapped(std::size_t rank) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < rank; ++i) order.push_back(i);
    std::swap(order[rank - 1], order[rank - 2]);
    return order;
}

/// A matrix, if a constant is one: axes of length 1 before it do not count.
std::optional<Constant> matrix_of(Constant constant) {
    while (constant.dims.size() > 2 && constant.dims.front() == 1)
        constant.dims.erase(constant.dims.begin());
    if (constant.dims.size() != 2 || constant.integer) return std::nullopt;
    return constant;
}

/// Both depend on the examples, or are stacks of matrices.
void of_activations(Call &call, const Activation &left, const Activation &right) {
    if (left.rank() < 2 || right.rank() < 2) call.refuse("multiplies vectors, expected matrices");
    const auto outer = [&](const Activation &x) {
        return Activation{x.value, {x.axes.begin(), x.axes.end() - 2}, x.learned};
    };
    const Activation a = outer(left), b = outer(right);
    std::vector<Axis> axes = common_axes(call, a, b);
    const Axis rows = *(left.axes.end() - 2), in = left.axes.back(), out = right.axes.back();
    if (rows.batch || in.batch || out.batch || *(right.axes.end() - 2) != in)
        call.refuse("multiplies " + dims_text(left) + " by " + dims_text(right));
    const auto whole = [&](const Activation &x, const Axis &first, const Axis &second) {
        std::vector<Axis> wanted = axes;
        wanted.insert(wanted.end(), {first, second});
        return expanded(call, x, wanted);
    };
    const Activation l = whole(left, rows, in), r = whole(right, in, out);
    const std::int64_t count = l.size() / (rows.size * in.size);
    const int value = add_products(
        call.graph(), call.importer.plain(l, {count, rows.size, in.size}),
        call.importer.plain(r, {count, in.size, out.size}), {count, rows.size, in.size, out.size});
    axes.insert(axes.end(), {rows, out});
    call.give(call.importer.activation(value, axes, left.learned || right.learned));
}

/// A stack of matrices as a computed tensor; its leading axes meet those of the other side.
Activation stack(Call &call, const Constant &constant, const Activation &other) {
    Shape dims = constant.dims;
    if (dims.size() < 2) call.refuse("multiplies vectors, expected matrices");
    if (dims.size() < other.rank()) dims.insert(dims.begin(), other.rank() - dims.size(), 1);
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        const bool batch = dims.size() == other.rank() && other.axes[i].batch;
        axes.push_back(batch ? other.axes[i] : Axis{dims[i], false, 1});
    }
    return materialised(call, with_dims(constant, dims), axes);
}

void matmul(Call &call) {
    const Known left = call.input(0), right = call.input(1);
    const auto *a = std::get_if<Constant>(&left), *b = std::get_if<Constant>(&right);
    if (a != nullptr && b != nullptr)
        call.refuse("multiplies constants", "fold them when exporting: do_constant_folding=True");
    if (b != nullptr) {
        const auto &x = std::get<Activation>(left);
        const auto matrix = matrix_of(*b);
        if (!matrix) return of_activations(call, x, stack(call, *b, x));
        const Constant weight = transposed(*matrix, {1, 0});
        const Node *last = &call.node;
        const Constant *bias = call.importer.take_bias(last, weight.dims[0]);
        return give_lines(call, x, weight, bias, *last);
    }
    if (a != nullptr) {
        const auto &x = std::get<Activation>(right);
        const auto matrix = matrix_of(*a);
        if (!matrix || x.rank() < 2) return of_activations(call, stack(call, *a, x), x);
        // W x = (x' W')'
        const std::vector<std::size_t> order = last_two_swapped(x.rank());
        const Activation y =
            weighted_lines(call, transposed(call, x, order), *matrix, nullptr, std::nullopt);
        return call.give(transposed(call, y, order));
    }
    of_activations(call, std::get<Activation>(left), std::get<Activation>(right));
}

}  // namespace

std::vector<Operator> matmul_operators() {
    return {{"MatMul", "", matmul}};
}

}  // namespace onnx
