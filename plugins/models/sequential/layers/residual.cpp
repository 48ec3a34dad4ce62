// Two branches from one value, added where they meet again (He et al. 2015).
#include "graph/combine.hpp"
#include "layers/builder.hpp"

namespace sequential {
namespace {

class Residual final : public Layer {
  public:
    static constexpr About about{
        "residual",
        "body(x) + shortcut(x); as layer 3, its parameters are called 3.body.0.weight and "
        "3.shortcut.0.weight"};
    Residual() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        if (body_.empty()) throw spar::invalid("needs at least one layer in its body");
        const Padding padding = builder.padding;
        const int body = builder.build_part(body_, input);
        builder.padding = padding;
        const int shortcut = builder.build_part(shortcut_, input);
        const Shape &left = builder.graph.value(body).shape;
        const Shape &right = builder.graph.value(shortcut).shape;
        if (left != right)
            throw spar::invalid("the body gives " + spar::shape_text(left) + ", the shortcut " +
                                spar::shape_text(right) +
                                "; they are added, so make them agree, for example by a "
                                "convolution with kernel 1 in the shortcut");
        return sequential::add(builder.graph, body, shortcut);
    }

    bool has_parameters() const override { return true; }
    std::vector<const Layers *> parts() const override { return {&body_, &shortcut_}; }

  private:
    Layers body_{this, "body", "layers from the input to the one summand", "layer", layer_kinds};
    Layers shortcut_{this,    "shortcut",  "layers to the other; without it the input itself",
                     "layer", layer_kinds, {.min_items = 0, .optional = true}};
};

}  // namespace

LayerKind residual() {
    return kind_of<Residual>();
}

}  // namespace sequential
