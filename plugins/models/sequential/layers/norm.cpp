#include "layers/norm.hpp"

#include <algorithm>

namespace sequential {
namespace {

Parameter &constant(Graph &graph, const std::string &name, std::int64_t channels, float value) {
    Parameter &parameter = graph.parameters.add(name, {channels});
    std::fill(parameter.value.begin(), parameter.value.end(), value);
    return parameter;
}

}  // namespace

Normalisation::Normalisation(Graph &graph, int input, const LayerSpec &spec,
                             const std::string &name, std::optional<Rectifier> rectifier)
    : spec_(spec),
      channels_(static_cast<std::size_t>(graph.value(input).shape[0])),
      padded_(static_cast<std::size_t>(round_up(graph.value(input).shape[0], kernels().block))),
      weight_(constant(graph, name + ".weight", graph.value(input).shape[0], 1)),
      bias_(constant(graph, name + ".bias", graph.value(input).shape[0], 0)),
      stride_(graph.value(input).stride()),
      weight_slot_(graph.add_gradient_slot(weight_.shape[0])),
      bias_slot_(graph.add_gradient_slot(bias_.shape[0])) {
    const Value in = graph.value(input);
    inputs = {input};
    outputs = {graph.add_value(in.shape, in.desc, true)};
    norm_ = {.blocks = static_cast<std::int64_t>(padded_) / kernels().block,
             .plane = stride_ / static_cast<std::int64_t>(padded_),
             .activation = rectifier.has_value(),
             .slope = rectifier ? rectifier->slope : 1.0F};
}

void Normalisation::deposit(const ParameterGradients &gradients) const {
    const auto count = static_cast<std::int64_t>(channels_);
    kernels().add(gradients.slot(weight_slot_), weight_.gradient.data(), count);
    kernels().add(gradients.slot(bias_slot_), bias_.gradient.data(), count);
}

int normalisable(Graph &graph, int input, const LayerSpec &spec) {
    const Shape shape = graph.value(input).shape;
    if (shape.size() == 3) return to_blocked(graph, input);
    if (shape.size() != 1)
        spec.fail("needs an image [channels, height, width] or flat features, got " +
                  spar::shape_text(shape));
    input = to_plain(graph, input);
    return to_blocked(graph,
                      graph.add_view(input, shape, plain_desc({graph.width, shape[0], 1, 1})));
}

}  // namespace sequential
