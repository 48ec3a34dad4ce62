// A network computed slowly and plainly in double precision: what the sequential model is compared
// with.
#pragma once

#include "network.hpp"

#include <functional>
#include <map>

namespace reference {

using fixture::LayerList;
using sequential::Shape;

struct Tensor {
    Shape shape;
    std::vector<double> values;
    std::vector<bool> tokens = {};  /// of the positions [length, dim]; empty: all
};

using Parameters = std::map<std::string, std::vector<double>>;

/// Outputs of a batch; `training` is what batchnorm makes of it. Dropout is left out, as in
/// evaluation.
std::vector<Tensor> forward(const LayerList &layers, const Parameters &parameters,
                            std::vector<Tensor> batch, bool training = false);

/// Central difference of `function` in one of its arguments; so small a step that it hardly ever
/// meets a kink.
double slope(double &argument, const std::function<double()> &function, double step = 1e-7);

}  // namespace reference
