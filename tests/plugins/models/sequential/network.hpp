// Networks from layers as a pipeline has them.
#pragma once

#include "layers/builder.hpp"

#include "base/json.hpp"
#include "instances/params.hpp"
#include "instances/services.hpp"

#include <nlohmann/json.hpp>

namespace fixture {

using namespace sequential;
using spar::host::Json;
/// Layers in the words of a pipeline.
using LayerList = std::vector<Json>;

/// A list of layers as the model reads it.
class Stack final : public spar::Record {
  public:
    explicit Stack(const LayerList &list) {
        const Json node{{"layers", list}};
        const spar_params params{.node = &node, .pointer = ""};
        read({spar::host::host_table(), &params, ""});
    }
    const Layers &layers() const { return layers_; }

  private:
    Layers layers_{this, "layers", "", "layer", layer_kinds};
};

inline std::unique_ptr<Graph> network(const LayerList &layers, const Shape &input,
                                      std::uint64_t key = 1,
                                      std::optional<std::size_t> first_stage = {}) {
    return build_network(Stack(layers).layers(), input, key, first_stage);
}

inline Json layer(const std::string &type) {
    return {{"type", type}};
}
/// The layer with one more parameter, or another value of it.
inline Json with(Json layer, const std::string &name, Json value) {
    layer[name] = std::move(value);
    return layer;
}
inline Json named(const Json &layer, const std::string &name) {
    return with(layer, "name", name);
}
inline Json conv(std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                 std::int64_t padding = 0) {
    return {{"type", "conv"},
            {"out", out},
            {"kernel", kernel},
            {"stride", stride},
            {"padding", padding}};
}
inline Json linear(std::int64_t out) {
    return {{"type", "linear"}, {"out", out}};
}
inline Json unbiased(const Json &layer) {
    return with(layer, "bias", false);
}
inline Json pool(const std::string &type, std::int64_t kernel, std::int64_t stride,
                 std::int64_t padding = 0) {
    return {{"type", type}, {"kernel", kernel}, {"stride", stride}, {"padding", padding}};
}
inline Json dropout(double probability) {
    return {{"type", "dropout"}, {"p", probability}};
}
inline Json leaky(double slope) {
    return {{"type", "leaky_relu"}, {"slope", slope}};
}
inline Json groupnorm(std::int64_t groups) {
    return {{"type", "groupnorm"}, {"groups", groups}};
}
inline Json residual(const LayerList &body, const LayerList &shortcut = {}) {
    return {{"type", "residual"}, {"body", body}, {"shortcut", shortcut}};
}

/// A little pre-activation network: a block that keeps the shape, and one that halves the image.
inline LayerList small_resnet(std::int64_t width = 16) {
    const Json bn = layer("batchnorm"), relu = layer("relu");
    const auto plain = [](std::int64_t out, std::int64_t kernel, std::int64_t stride) {
        return unbiased(conv(out, kernel, stride, kernel / 2));
    };
    return {plain(width, 3, 1),
            residual({bn, relu, plain(width, 3, 1), bn, relu, plain(width, 3, 1)}),
            bn,
            relu,
            residual({plain(2 * width, 3, 2), bn, relu, plain(2 * width, 3, 1)},
                     {plain(2 * width, 1, 2)}),
            bn,
            relu,
            layer("global_avgpool"),
            layer("flatten"),
            linear(3)};
}

/// The four convolutions and three linear layers of the MNIST experiments of TRADES and YOPO.
inline LayerList small_cnn() {
    return {conv(32, 3),      layer("relu"), conv(32, 3),   layer("relu"), pool("maxpool", 2, 2),
            conv(64, 3),      layer("relu"), conv(64, 3),   layer("relu"), pool("maxpool", 2, 2),
            layer("flatten"), linear(200),   layer("relu"), dropout(0.5),  linear(200),
            layer("relu"),    linear(10)};
}

}  // namespace fixture
