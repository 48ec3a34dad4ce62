// Operations that compute every output value from one input value.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

/// y = f(x).
struct PointwiseFunction {
    void (*values)(const float *x, float *y, std::int64_t count);
    /// Multiplies g by f'(x), from x or from y.
    void (*gradient)(const float *from, float *g, std::int64_t count);
    bool from_output;  /// gradient wants y
};

int add_pointwise(Graph &graph, int input, const PointwiseFunction &function);

/// A layer without parameters that applies such a function.
class PointwiseLayer : public Layer {
  public:
    int build(Builder &builder, int input) const override {
        return add_pointwise(builder.graph, input, function());
    }
    bool pointwise() const override { return true; }

  protected:
    using Layer::Layer;
    virtual PointwiseFunction function() const = 0;
};

}  // namespace sequential
