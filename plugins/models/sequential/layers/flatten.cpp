// An image as one row of features, in the same memory.
#include "layers/builder.hpp"

namespace sequential {
namespace {

class Flatten final : public Layer {
  public:
    static constexpr About about{"flatten", "an image as one row of features"};
    Flatten() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        return builder.graph.add_view(input, {builder.graph.value(input).size()});
    }
};

}  // namespace

LayerKind flatten() {
    return kind_of<Flatten>();
}

}  // namespace sequential
