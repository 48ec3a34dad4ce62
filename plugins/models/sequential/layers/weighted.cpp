#include "layers/weighted.hpp"

namespace sequential {

Weights Weighted::add_weights(Builder &builder, const Shape &shape) const {
    Parameter &weight = builder.graph.parameters.add(builder.parameter("weight"), shape);
    initialise_weight(weight, *init_, builder.key);
    if (!*bias_) return {weight, nullptr};
    Parameter &bias = builder.graph.parameters.add(builder.parameter("bias"), {shape[0]});
    initialise_bias(bias, *init_, volume(shape) / shape[0], builder.key);
    return {weight, &bias};
}

}  // namespace sequential
