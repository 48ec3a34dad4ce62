#include "import/movement.hpp"
#include "operators/operators.hpp"

#include <algorithm>

namespace onnx {
namespace {

void transpose(Call &call) {
    const Known &value = call.input(0);
    const auto *constant = std::get_if<Constant>(&value);
    const std::size_t rank =
        constant != nullptr ? constant->dims.size() : std::get<Activation>(value).rank();
    std::vector<std::size_t> order;
    for (const std::int64_t axis : call.integers("perm")) order.push_back(call.axis(axis, rank));
    if (order.empty())
        for (std::size_t i = rank; i-- > 0;) order.push_back(i);
    std::vector<std::size_t> sorted = order;
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i)
        if (sorted.size() != rank || sorted[i] != i)
            call.refuse("its order does not name every axis once");
    if (constant != nullptr) return call.give(transposed(*constant, order));
    call.give(transposed(call, std::get<Activation>(value), order));
}

}  // namespace

std::vector<Operator> transpose_operators() {
    return {{"Transpose", "", transpose}};
}

}  // namespace onnx
