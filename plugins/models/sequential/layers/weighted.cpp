#include "layers/weighted.hpp"

namespace sequential {

Weights add_weights(Builder &builder, const std::string &prefix, const Shape &shape, bool bias,
                    const std::string &method) {
    ParameterList &all = builder.graph.parameters;
    Parameter &weight = all.add(builder.parameter(prefix + "weight"), shape);
    initialise_weight(weight, method, builder.key);
    if (!bias) return {weight, nullptr};
    Parameter &own = all.add(builder.parameter(prefix + "bias"), {shape[0]});
    initialise_bias(own, method, volume(shape) / shape[0], builder.key);
    return {weight, &own};
}

Weights Weighted::add_weights(Builder &builder, const Shape &shape) const {
    return sequential::add_weights(builder, "", shape, *bias_, *init_);
}

}  // namespace sequential
