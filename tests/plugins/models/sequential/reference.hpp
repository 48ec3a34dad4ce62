// A network computed slowly and plainly in double precision, one example at a time: what the
// sequential model is compared with.
#pragma once

#include "spec.hpp"

#include <functional>
#include <map>

namespace reference {

using sequential::LayerSpec;
using sequential::Shape;

struct Tensor {
    Shape shape;
    std::vector<double> values;
};

using Parameters = std::map<std::string, std::vector<double>>;

/// Outputs of one example. Dropout is left out, as in evaluation.
Tensor forward(const std::vector<LayerSpec> &layers, const Parameters &parameters, Tensor x);

/// Central difference of `function` in one of its arguments.
double slope(double &argument, const std::function<double()> &function, double step = 1e-5);

}  // namespace reference
