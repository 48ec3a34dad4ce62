// A convolution as an operation, for layers and for other models.
#pragma once

#include "layers/weighted.hpp"
#include "layers/window.hpp"

namespace sequential {

/// From an image [channels, height, width] to another, in whatever layouts suit the kernels, then a
/// rectifier if there is one. The weight is [out, channels, kernel, kernel].
int add_convolution(Graph &graph, int input, const Window &window, const Weights &weights,
                    std::optional<Rectifier> rectifier);

}  // namespace sequential
