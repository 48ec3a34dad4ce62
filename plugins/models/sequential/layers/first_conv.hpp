#pragma once

#include "layers/operations.hpp"

namespace sequential {

/// A convolution from a plain value of few channels to a blocked one. `bias` may be null.
std::unique_ptr<Operation> make_first_conv(Graph &graph, int input, int result,
                                           const LayerSpec &spec, Parameter &weight,
                                           Parameter *bias, std::optional<Rectifier> rectifier);

}  // namespace sequential
