// Parts of a tensor by their numbers.
#include "import/movement.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

void gather(Call &call) {
    const Known &value = call.input(0);
    const auto *constant = std::get_if<Constant>(&value);
    if (constant != nullptr && !call.is_constant(1))
        call.refuse("looks vectors up, as an embedding of tokens does, which is not supported",
                    "export what follows the embedding, and attack its vectors");
    const Constant &indices = call.constant(1, "indices");
    if (!indices.integer) call.refuse("its indices should be integers");
    const Shape sizes = constant != nullptr ? constant->dims : std::get<Activation>(value).local();
    const std::size_t axis = call.axis(call.integer("axis", 0), sizes.size());
    const auto at = static_cast<std::ptrdiff_t>(axis);
    Shape dims(sizes.begin(), sizes.begin() + at);
    dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
    dims.insert(dims.end(), sizes.begin() + at + 1, sizes.end());

    const std::int64_t outer = spar::product({sizes.begin(), sizes.begin() + at});
    const std::int64_t inner = spar::product({sizes.begin() + at + 1, sizes.end()});
    if (outer * inner * std::ssize(indices.numbers) > most_values / 8)
        call.refuse("has too many values");
    Movement movement{dims, {}, 0};
    for (std::int64_t o = 0; o < outer; ++o)
        for (const Number &number : indices.numbers) {
            const std::int64_t i = number.fixed < 0 ? number.fixed + sizes[axis] : number.fixed;
            if (number.batch != 0 || i < 0 || i >= sizes[axis])
                call.refuse("takes number " + std::to_string(number.fixed) +
                            " of an axis of length " + std::to_string(sizes[axis]));
            for (std::int64_t k = 0; k < inner; ++k)
                movement.from.push_back((o * sizes[axis] + i) * inner + k);
        }
    if (constant != nullptr) return call.give(moved(*constant, movement));
    const auto &x = std::get<Activation>(value);
    if (x.axes[axis].batch) call.refuse("takes some of the examples apart, of " + dims_text(x));
    std::vector<Axis> axes(x.axes.begin(), x.axes.begin() + at);
    for (const std::int64_t size : indices.dims) axes.push_back({size, false, 1});
    axes.insert(axes.end(), x.axes.begin() + at + 1, x.axes.end());
    call.give(moved(call, x, movement, axes));
}

}  // namespace

std::vector<Operator> gather_operators() {
    return {{"Gather", "indices are constants, and not of examples", gather}};
}

}  // namespace onnx
