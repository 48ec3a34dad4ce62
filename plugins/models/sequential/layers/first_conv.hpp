#pragma once

#include "layers/weighted.hpp"
#include "layers/window.hpp"

namespace sequential {

/// A convolution from a plain value of few channels to a blocked one.
std::unique_ptr<Operation> make_first_conv(Graph &graph, int input, int result,
                                           const Window &window, const Weights &weights,
                                           std::optional<Rectifier> rectifier);

}  // namespace sequential
