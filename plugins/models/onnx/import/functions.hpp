// A function of single values, for constants and computed tensors alike.
#pragma once

#include "import/call.hpp"
#include "layers/pointwise.hpp"
#include "operations/function.hpp"

#include <cmath>

namespace onnx {

/// F as in operations/function.hpp.
template <class F>
void apply(Call &call, const F &function) {
    if (const auto *constant = std::get_if<Constant>(&call.input(0))) {
        if (constant->integer) call.refuse("takes integers here, expected numbers");
        Constant result{constant->dims, false, constant->floats, {}, {}};
        for (float &value : result.floats) value = function.value(value);
        return call.give(std::move(result));
    }
    const Activation x = call.activation(0);
    // Channels that fill a block up are zero. What is infinite there would reach others.
    const bool at_zero =
        std::isfinite(function.value(0)) && std::isfinite(function.slope(0, function.value(0)));
    const int input = at_zero ? x.value : call.importer.plain(x, {x.size()});
    call.give(
        call.importer.activation(add_function(call.graph(), input, function), x.axes, x.learned));
}

}  // namespace onnx
