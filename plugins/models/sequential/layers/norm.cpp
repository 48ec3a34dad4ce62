#include "layers/norm.hpp"

#include "graph/reorder.hpp"

#include <algorithm>

namespace sequential {
namespace {

Parameter &constant(Builder &builder, const std::string &name, std::size_t channels, float value) {
    Parameter &parameter = builder.graph.parameters.add(builder.parameter(name),
                                                        {static_cast<std::int64_t>(channels)});
    std::fill(parameter.value.begin(), parameter.value.end(), value);
    return parameter;
}

}  // namespace

ChannelNorm NormLayer::channel_norm(Builder &builder, std::int64_t channels) const {
    const auto count = static_cast<std::size_t>(channels);
    Parameter &weight = constant(builder, "weight", count, 1);
    Parameter &bias = constant(builder, "bias", count, 0);
    return {weight, bias, epsilon(), builder.take_rectifier()};
}

Normalisation::Normalisation(Graph &graph, int input, const ChannelNorm &norm)
    : epsilon_(norm.epsilon),
      channels_(static_cast<std::size_t>(graph.value(input).image[0])),
      padded_(static_cast<std::size_t>(round_up(graph.value(input).image[0], kernels().block))),
      weight_(norm.weight),
      bias_(norm.bias),
      weight_slot_(graph.add_gradient_slot(weight_.shape[0])),
      bias_slot_(graph.add_gradient_slot(bias_.shape[0])) {
    const Value in = graph.value(input);
    inputs = {input};
    outputs = {graph.add_value(in.shape, in.image)};
    norm_ = {.blocks = static_cast<std::int64_t>(padded_) / kernels().block,
             .plane = in.image[1] * in.image[2],
             .activation = norm.rectifier.has_value(),
             .slope = norm.rectifier ? norm.rectifier->slope : 1.0F};
}

void Normalisation::deposit(const ParameterGradients &gradients) const {
    const auto count = static_cast<std::int64_t>(channels_);
    kernels().add(gradients.slot(weight_slot_), weight_.gradient.data(), count);
    kernels().add(gradients.slot(bias_slot_), bias_.gradient.data(), count);
}

int in_channel_blocks(Graph &graph, int input) {
    const Shape shape = graph.value(input).shape;
    if (shape.size() == 3) return to_blocked(graph, input);
    if (shape.size() != 1)
        throw spar::invalid("needs an image [channels, height, width] or flat features, got " +
                            spar::shape_text(shape));
    return to_blocked(graph, to_plain(graph, input));
}

}  // namespace sequential
