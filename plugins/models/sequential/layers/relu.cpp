// z > 0 ? z : slope z as a separate operation. Convolutions, linear layers and normalisations apply
// it themselves if it follows them.
#include "kernels/kernels.hpp"
#include "layers/builder.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Rectify final : public Operation {
  public:
    Rectify(const Graph &graph, int input, int result, float slope)
        : slope_(slope), stride_(graph.value(input).stride()) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().rectify(batch.value(inputs[0], row), slope_, batch.value(outputs[0], row),
                              stride_);
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            float *dx = batch.gradient(inputs[0], row);
            std::copy_n(batch.gradient(outputs[0], row), stride_, dx);
            kernels().rectify_gradient(batch.value(outputs[0], row), slope_, dx, stride_);
        }
    }

    bool by_example() const override { return true; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        stride_ = graph.value(inputs[0]).stride();
        return true;
    }

  private:
    float slope_;
    std::int64_t stride_;
};

int add_rectify(Graph &graph, int input, float slope) {
    const int result = graph.add_value(graph.value(input).shape, graph.value(input).image);
    graph.add(std::make_unique<Rectify>(graph, input, result, slope));
    return result;
}

class Relu final : public Layer {
  public:
    static constexpr About about{"relu", "max(z, 0)"};
    Relu() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        return add_rectify(builder.graph, input, 0);
    }
    bool pointwise() const override { return true; }
    std::optional<float> rectifier() const override { return 0.0F; }
};

class LeakyRelu final : public Layer {
  public:
    static constexpr About about{"leaky_relu", "z above zero, slope * z below"};
    LeakyRelu() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        return add_rectify(builder.graph, input, static_cast<float>(*slope_));
    }
    bool pointwise() const override { return true; }
    std::optional<float> rectifier() const override { return static_cast<float>(*slope_); }

  private:
    spar::Number slope_{this, "slope", "below zero", {.fallback = 0.01, .min = 0, .max = 1}};
};

}  // namespace

LayerKind relu() {
    return kind_of<Relu>();
}

LayerKind leaky_relu() {
    return kind_of<LeakyRelu>();
}

}  // namespace sequential
