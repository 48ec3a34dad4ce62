// A layer: its parameters as declared members, and how it is built into a graph. One file per
// layer; kinds.cpp lists them.
#pragma once

#include "graph/graph.hpp"

#include <spar/fields.hpp>
#include <spar/variants.hpp>

namespace sequential {

class Builder;
class Layer;

using LayerKind = spar::Variant<Layer>;
using Layers = spar::Variants<Layer>;

/// A layer of a pipeline. Functions that refuse something throw spar::invalid; the builder adds the
/// place.
class Layer : public spar::Record {
  public:
    struct About {
        const char *type;     /// in the pipeline
        const char *summary;  /// one sentence
    };

    const char *type() const { return about_.type; }
    /// Its name, which begins the names of its parameters, as the pipeline gives it; empty: its
    /// place.
    std::string name() const { return name_.value_or(""); }
    void configure() override;

    /// Adds the layer's operations after the value `input`; returns the value that they produce.
    virtual int build(Builder &builder, int input) const = 0;

    virtual bool has_parameters() const { return false; }
    /// Lists of layers inside it.
    virtual std::vector<const Layers *> parts() const { return {}; }
    /// Whether every value of the output depends on one value of the input.
    virtual bool pointwise() const { return false; }
    /// Whether it only tells each vector of a text its place.
    virtual bool places() const { return false; }
    /// Whether it only shrinks an image by windows.
    virtual bool pools() const { return false; }
    /// The slope below zero, if the layer is z > 0 ? z : slope z: the preceding operation may apply
    /// it.
    virtual std::optional<float> rectifier() const { return std::nullopt; }
    /// Whether its backward pass can apply the derivative of the rectifier before it (see
    /// Value::rectified).
    virtual bool applies_rectifier_gradient() const { return false; }
    /// The vectors that it looks up for tokens, if it is an embedding.
    struct Lookup {
        std::int64_t vocabulary;  /// 0: the data's
        std::int64_t width;
    };
    virtual std::optional<Lookup> lookup() const { return std::nullopt; }

  protected:
    explicit Layer(const About &about) : about_(about) {}

  private:
    const About &about_;
    spar::Text name_{this,
                     "name",
                     "of its parameters, as in conv1.weight; without it the place in the list",
                     {.optional = true}};
};

/// For a class with a static member `about`.
template <class T>
LayerKind kind_of() {
    return spar::variant<Layer, T>(T::about.type, T::about.summary);
}

/// All kinds of layer.
const std::vector<LayerKind> &layer_kinds();

}  // namespace sequential
