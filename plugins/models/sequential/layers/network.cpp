#include "layers/network.hpp"

#include <algorithm>

namespace sequential {
namespace {

bool is_activation(const LayerSpec &layer) {
    return layer.type == "relu" || layer.type == "leaky_relu" || layer.type == "tanh" ||
           layer.type == "sigmoid";
}

bool is_rectifier(const LayerSpec &layer) {
    return layer.type == "relu" || layer.type == "leaky_relu";
}

bool is_pool(const LayerSpec &layer) {
    return layer.type.ends_with("pool");
}

bool is_norm(const LayerSpec &layer) {
    return layer.type == "batchnorm" || layer.type == "groupnorm";
}

bool is_weighted(const LayerSpec &layer) {
    return layer.type == "conv" || layer.type == "linear";
}

bool has_parameters(const LayerSpec &layer) {
    return is_weighted(layer) || is_norm(layer) || layer.type == "residual";
}

/// Number of layers in the first stage: up to the first activation behind the first layer with
/// parameters, if nothing but pooling lies between; else up to that layer.
std::size_t stage_length(const std::vector<LayerSpec> &layers) {
    const auto first = std::find_if(layers.begin(), layers.end(), has_parameters);
    if (first == layers.end()) return 0;
    auto next = std::find_if_not(first + 1, layers.end(), is_pool);
    if (next == layers.end() || !is_activation(*next)) next = first;
    return static_cast<std::size_t>(next - layers.begin()) + 1;
}

class Builder {
  public:
    Builder(Graph &graph, std::uint64_t key) : graph_(graph), key_(key) {}

    /// Puts layers behind a value, none of them fused over the end of the first `stage` layers.
    int add(std::vector<LayerSpec> &layers, int value, const std::string &pointer,
            const std::string &prefix, std::size_t stage = 0) {
        for (std::size_t i = 0; i < layers.size();) {
            const std::size_t limit = i < stage ? stage : layers.size();
            for (std::size_t j = i; j < layers.size(); ++j)
                layers[j].pointer = pointer + "/" + std::to_string(j);
            const std::string own = layers[i].name.empty() ? std::to_string(i) : layers[i].name;
            i += add_layers(&layers[i], limit - i, value, prefix + own);
            if (i == stage) {
                graph_.stage_end = value;
                graph_.stage_operations = graph_.operations.size();
                graph_.stage_parameters = graph_.parameters.size();
            }
        }
        return value;
    }

  private:
    /// Puts the first of `count` layers behind a value, and those that can be fused with it.
    /// Returns how many.
    std::size_t add_layers(LayerSpec *layers, std::size_t count, int &value,
                           const std::string &name) {
        LayerSpec &layer = *layers;
        try {
            if (is_weighted(layer)) return add_weighted(layers, count, value, name);
            if (is_norm(layer)) return add_norm(layers, count, value, name);
            if (layer.type == "residual")
                value = add_residual(layer, value, name);
            else if (layer.type == "embedding")
                value = add_embedding(graph_, value, layer, name, key_);
            else
                value = add_single(layer, value);
        } catch (const spar::Error &error) {
            if (!error.pointer().empty()) throw;
            layer.fail(error.what());
        }
        return 1;
    }

    /// That of the second layer, if it is one.
    static std::optional<Rectifier> rectifier_behind(const LayerSpec *layers, std::size_t count) {
        if (count < 2 || !is_rectifier(layers[1])) return std::nullopt;
        return Rectifier{static_cast<float>(layers[1].type == "relu" ? 0.0 : layers[1].slope)};
    }

    std::size_t add_weighted(const LayerSpec *layers, std::size_t count, int &value,
                             const std::string &name) {
        std::optional<Rectifier> rectifier = rectifier_behind(layers, count);
        if (layers[0].type == "linear") {
            value = add_linear(graph_, value, layers[0], name, rectifier, key_);
            return rectifier ? 2 : 1;
        }
        const bool pooled = rectifier && count > 2 && layers[2].type == "maxpool";
        if (pooled) rectifier->gradient_here = false;
        value = add_conv(graph_, value, layers[0], name, rectifier, key_);
        if (pooled) value = add_pool(layers[2], value, rectifier);
        return pooled ? 3 : rectifier ? 2 : 1;
    }

    std::size_t add_norm(const LayerSpec *layers, std::size_t count, int &value,
                         const std::string &name) {
        const std::optional<Rectifier> rectifier = rectifier_behind(layers, count);
        const auto add = layers[0].type == "batchnorm" ? add_batch_norm : add_group_norm;
        value = add(graph_, value, layers[0], name, rectifier);
        return rectifier ? 2 : 1;
    }

    int add_residual(LayerSpec &layer, int value, const std::string &name) {
        if (layer.body.empty()) layer.fail("needs at least one layer in its body");
        const Branches ways = fork(graph_, value);
        const int body = add(layer.body, ways.body, layer.pointer + "/body", name + ".body.");
        const int shortcut =
            add(layer.shortcut, ways.shortcut, layer.pointer + "/shortcut", name + ".shortcut.");
        const Shape &left = graph_.value(body).shape, &right = graph_.value(shortcut).shape;
        if (left != right)
            layer.fail("the body gives " + spar::shape_text(left) + ", the shortcut " +
                       spar::shape_text(right) +
                       "; they are added, so make them agree, for example by a convolution with "
                       "kernel 1 in the shortcut");
        const LayerSpec &last = layer.body.back();
        return join(graph_, {body, shortcut}, is_weighted(last) || is_norm(last));
    }

    int add_pool(const LayerSpec &layer, int value, std::optional<Rectifier> rectifier) {
        try {
            return add_max_pool(graph_, value, layer, rectifier);
        } catch (const spar::Error &error) {
            if (!error.pointer().empty()) throw;
            layer.fail(error.what());
        }
    }

    int add_single(const LayerSpec &layer, int value) {
        if (is_activation(layer)) return add_activation(graph_, value, layer);
        if (layer.type == "maxpool") return add_max_pool(graph_, value, layer, std::nullopt);
        if (layer.type == "mean_pool") return add_mean_pool(graph_, value, layer);
        if (is_pool(layer)) return add_average_pool(graph_, value, layer);
        if (layer.type == "flatten") return add_flatten(graph_, value);
        if (layer.type == "dropout") return add_dropout(graph_, value, layer, ordinal_++);
        if (layer.type == "normalize") return add_normalize(graph_, value, layer);
        layer.fail("there is no such layer");
    }

    Graph &graph_;
    std::uint64_t key_;
    std::uint32_t ordinal_ = 0;
};

}  // namespace

std::unique_ptr<Graph> build_network(std::vector<LayerSpec> layers, const Shape &input,
                                     std::uint64_t key, std::optional<std::size_t> stage,
                                     std::int64_t micro_batch) {
    if (layers.empty()) throw spar::invalid("needs at least one layer", "/layers");
    if (stage && *stage > layers.size())
        throw spar::invalid("the network has " + std::to_string(layers.size()) +
                                " layers, so the first stage cannot have " + std::to_string(*stage),
                            "/stage");
    auto graph = std::make_unique<Graph>(micro_batch, input);
    Builder builder(*graph, key);
    int value = builder.add(layers, 0, "/layers", "", stage.value_or(stage_length(layers)));
    if (stage && graph->stage_parameters == 0)
        throw spar::invalid(
            "the first stage would have no parameters; let it reach to a layer that "
            "has some",
            "/stage");
    const Shape shape = graph->value(value).shape;
    if (shape.size() != 1)
        layers.back().fail("the model must end in a flat output [classes], but this gives " +
                           spar::shape_text(shape) + "; end with a linear layer");
    value = to_plain(*graph, value);
    if (graph->value(value).desc.dims().size() != 2)
        value = graph->add_view(value, shape, plain_desc({micro_batch, shape[0]}));
    if (graph->operations.empty())
        layers.back().fail("the model computes nothing; add a linear layer");
    graph->finish(value);
    return graph;
}

}  // namespace sequential
