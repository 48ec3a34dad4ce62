#include "layers.hpp"

#include "text_layers.hpp"

#include <set>

namespace sequential {

LayerSpec Layer::start(const char *type) const {
    LayerSpec spec;
    spec.type = type;
    if (name_.given()) {
        spec.name = *name_;
        if (spec.name.empty() || spec.name.find_first_of("./") != std::string::npos)
            throw spar::invalid(
                "a layer's name is not empty and has neither dots nor slashes, got \"" + spec.name +
                    "\"",
                "/name");
    }
    return spec;
}

std::vector<LayerSpec> specs_of(const spar::Variants<Layer> &layers) {
    std::vector<LayerSpec> specs;
    for (const auto &layer : layers.parts()) {
        try {
            specs.push_back(layer->spec());
        } catch (const spar::Error &error) {
            throw spar::Error(
                error.code(), error.what(),
                "/" + layers.name() + "/" + std::to_string(specs.size()) + error.pointer());
        }
    }
    return specs;
}

namespace {

bool has_parameters(const LayerSpec &layer) {
    for (const char *type : {"conv", "linear", "batchnorm", "groupnorm", "embedding"})
        if (layer.type == type) return true;
    return false;
}

void note_names(const std::vector<LayerSpec> &layers, const std::string &before,
                const std::string &pointer, std::set<std::string> &known) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const LayerSpec &layer = layers[i];
        const std::string name = before + (layer.name.empty() ? std::to_string(i) : layer.name);
        const std::string here = pointer + "/" + std::to_string(i);
        if (has_parameters(layer) && !known.insert(name).second)
            throw spar::invalid("two layers with parameters are called \"" + name +
                                    "\", by their names or by their places; give them different "
                                    "names",
                                layer.name.empty() ? here : here + "/name");
        note_names(layer.body, name + ".body.", here + "/body", known);
        note_names(layer.shortcut, name + ".shortcut.", here + "/shortcut", known);
    }
}

}  // namespace

void require_different_names(const std::vector<LayerSpec> &layers) {
    std::set<std::string> known;
    note_names(layers, "", "/layers", known);
}

namespace {

constexpr std::int64_t most = 1 << 20;

/// Layers that are nothing but their type.
template <const char *Type>
class Plain : public Layer {
  public:
    LayerSpec spec() const override { return start(Type); }
};

class Weighted : public Layer {
  protected:
    void fill(LayerSpec &spec) const {
        spec.out = *out_;
        spec.bias = *bias_;
        spec.init = *init_;
    }

  private:
    spar::Integer out_{
        this, "out", "number of outputs (channels, features)", {.min = 1, .max = most}};
    spar::Boolean bias_{this, "bias", "whether it adds a bias", {.fallback = true}};
    spar::Choice init_{
        this,
        "init",
        "how the weight starts; the bias starts at zero, with pytorch as PyTorch's",
        {"pytorch", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "zero"},
        {.fallback = "pytorch"}};
};

class ConvLayer final : public Weighted {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("conv");
        fill(spec);
        spec.kernel = *kernel_;
        spec.stride = *stride_;
        spec.padding = *padding_;
        return spec;
    }

  private:
    spar::Integer kernel_{this, "kernel", "side of the square window", {.min = 1, .max = 255}};
    spar::Integer stride_{
        this, "stride", "from one window to the next", {.fallback = 1, .min = 1, .max = 255}};
    spar::Integer padding_{
        this, "padding", "zeros around the image", {.fallback = 0, .min = 0, .max = 254}};
};

class LinearLayer final : public Weighted {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("linear");
        fill(spec);
        return spec;
    }
};

class LeakyReluLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("leaky_relu");
        spec.slope = *slope_;
        return spec;
    }

  private:
    spar::Number slope_{this, "slope", "below zero", {.fallback = 0.01, .min = 0, .max = 1}};
};

template <const char *Type>
class PoolLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start(Type);
        spec.kernel = *kernel_;
        spec.stride = stride_.value_or(*kernel_);
        spec.padding = *padding_;
        return spec;
    }

  private:
    spar::Integer kernel_{this, "kernel", "side of the square window", {.min = 1, .max = 11}};
    spar::Integer stride_{this,
                          "stride",
                          "from one window to the next; without it the kernel",
                          {.min = 1, .max = 255, .optional = true}};
    spar::Integer padding_{this,
                           "padding",
                           "around the image, at most half the kernel",
                           {.fallback = 0, .min = 0, .max = 5}};
};

class DropoutLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("dropout");
        spec.probability = *probability_;
        return spec;
    }

  private:
    spar::Number probability_{this,
                              "p",
                              "share of values set to zero in training",
                              {.fallback = 0.5, .min = 0, .below = 1}};
};

class NormalizeLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("normalize");
        spec.mean = *mean_;
        spec.deviation = *deviation_;
        return spec;
    }

  private:
    spar::Numbers mean_{
        this, "mean", "subtracted: one number, or one a channel", {}, {.min_items = 1}};
    spar::Numbers deviation_{
        this, "std", "divided by: one number, or one a channel", {.above = 0}, {.min_items = 1}};
};

class BatchNormLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("batchnorm");
        spec.momentum = *momentum_;
        spec.epsilon = *eps_;
        return spec;
    }

  private:
    spar::Number momentum_{this,
                           "momentum",
                           "share of a batch's statistics in the new running ones",
                           {.fallback = 0.1, .min = 0, .max = 1}};
    spar::Number eps_{
        this, "eps", "added to the variance", {.fallback = 1e-5, .max = 1, .above = 0.0}};
};

class GroupNormLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("groupnorm");
        spec.groups = *groups_;
        spec.epsilon = *eps_;
        return spec;
    }

  private:
    spar::Integer groups_{
        this, "groups", "of neighbouring channels; divides their number", {.min = 1, .max = most}};
    spar::Number eps_{
        this, "eps", "added to the variance", {.fallback = 1e-5, .max = 1, .above = 0.0}};
};

class ResidualLayer final : public Layer {
  public:
    LayerSpec spec() const override {
        LayerSpec spec = start("residual");
        spec.body = specs_of(body_);
        spec.shortcut = specs_of(shortcut_);
        return spec;
    }

  private:
    spar::Variants<Layer> body_{this, "body", "layers from the input to the one summand", "layer",
                                layer_kinds};
    spar::Variants<Layer> shortcut_{
        this,    "shortcut",  "layers to the other; without it the input itself",
        "layer", layer_kinds, {.min_items = 0, .optional = true}};
};

constexpr char relu[] = "relu", tanh[] = "tanh", sigmoid[] = "sigmoid", maxpool[] = "maxpool",
               avgpool[] = "avgpool", global_avgpool[] = "global_avgpool", flatten[] = "flatten";

}  // namespace

const std::vector<spar::Variant<Layer>> &layer_kinds() {
    using spar::variant;
    static const std::vector<spar::Variant<Layer>> kinds{
        variant<Layer, ConvLayer>("conv", "convolution over an image"),
        variant<Layer, LinearLayer>("linear", "fully connected layer; needs a flat input"),
        variant<Layer, Plain<relu>>("relu", "max(z, 0)"),
        variant<Layer, LeakyReluLayer>("leaky_relu", "z above zero, slope * z below"),
        variant<Layer, Plain<tanh>>("tanh", "hyperbolic tangent"),
        variant<Layer, Plain<sigmoid>>("sigmoid", "1 / (1 + exp(-z))"),
        variant<Layer, PoolLayer<maxpool>>("maxpool", "maximum over windows"),
        variant<Layer, PoolLayer<avgpool>>("avgpool",
                                           "mean over windows, padding counted as zeros"),
        variant<Layer, Plain<global_avgpool>>("global_avgpool", "mean over each channel"),
        variant<Layer, Plain<flatten>>("flatten", "an image as one row of features"),
        variant<Layer, DropoutLayer>("dropout", "in training, zeroes values at random"),
        variant<Layer, NormalizeLayer>("normalize", "(x - mean) / std, a channel"),
        variant<Layer, BatchNormLayer>(
            "batchnorm",
            "(x - mean) / sqrt(variance + eps) * weight + bias, a channel; in training with the "
            "statistics of the whole batch, in evaluation with running ones, which follow each "
            "batch in training that parameter gradients are taken of, and no attack's"),
        variant<Layer, GroupNormLayer>(
            "groupnorm",
            "(x - mean) / sqrt(variance + eps) * weight + bias, with the statistics of one "
            "example's group of channels"),
        variant<Layer, ResidualLayer>(
            "residual",
            "body(x) + shortcut(x); as layer 3, its parameters are called 3.body.0.weight and "
            "3.shortcut.0.weight"),
        variant<Layer, EmbeddingLayer>("embedding",
                                       "tokens of a text as vectors; only as the first layer"),
        variant<Layer, Plain<mean_pool>>(
            "mean_pool", "mean of the vectors of a text, padding left out; behind an embedding")};
    return kinds;
}

}  // namespace sequential
