// Activations whose gradients are computed from their outputs.
#include "kernels/kernels.hpp"
#include "layers/pointwise.hpp"

namespace sequential {
namespace {

class Tanh final : public PointwiseLayer {
  public:
    static constexpr About about{"tanh", "hyperbolic tangent"};
    Tanh() : PointwiseLayer(about) {}

  private:
    PointwiseFunction function() const override {
        return {kernels().tanh, kernels().tanh_gradient, true};
    }
};

class Sigmoid final : public PointwiseLayer {
  public:
    static constexpr About about{"sigmoid", "1 / (1 + exp(-z))"};
    Sigmoid() : PointwiseLayer(about) {}

  private:
    PointwiseFunction function() const override {
        return {kernels().sigmoid, kernels().sigmoid_gradient, true};
    }
};

}  // namespace

LayerKind tanh_layer() {
    return kind_of<Tanh>();
}

LayerKind sigmoid() {
    return kind_of<Sigmoid>();
}

}  // namespace sequential
