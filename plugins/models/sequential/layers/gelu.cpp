// The Gaussian error linear unit (Hendrycks, Gimpel 2016), with the exact normal distribution, like
// PyTorch's GELU without an approximation.
#include "kernels/kernels.hpp"
#include "layers/pointwise.hpp"

namespace sequential {
namespace {

class Gelu final : public PointwiseLayer {
  public:
    static constexpr About about{"gelu", "z times the normal distribution's probability below z"};
    Gelu() : PointwiseLayer(about) {}

  private:
    PointwiseFunction function() const override {
        return {kernels().gelu, kernels().gelu_gradient, false};
    }
};

}  // namespace

LayerKind gelu() {
    return kind_of<Gelu>();
}

}  // namespace sequential
