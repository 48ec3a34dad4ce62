// Layer normalisation (Ba, Kiros, Hinton 2016) over the last axis, like PyTorch's LayerNorm.
#include "layers/layernorm.hpp"

#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/norm.hpp"

#include <algorithm>
#include <cmath>

namespace sequential {
namespace {

/// y = weight (x - mean) r + bias for each line of `width` values, r = 1 / sqrt(variance + eps).
class LineNormalisation final : public Operation {
  public:
    LineNormalisation(Graph &graph, int input, int result, const LineNorm &norm)
        : weight_(norm.weight),
          bias_(norm.bias),
          width_(weight_.shape[0]),
          lines_(graph.value(input).size() / width_),
          epsilon_(norm.epsilon),
          weight_slot_(graph.add_gradient_slot(width_)),
          bias_slot_(graph.add_gradient_slot(width_)) {
        inputs = {input};
        outputs = {result};
        statistics_ = graph.reserve(static_cast<std::size_t>(graph.width * lines_) * sizeof(Line));
    }

    void forward(Batch &batch) const override {
        for_lines(batch, [&](std::int64_t line, Line &l) {
            const float *x = batch.frame->data(inputs[0]) + line * width_;
            double moments[2];
            kernels().line_moments(width_, x, moments);
            l = {width_, static_cast<float>(moments[0]),
                 static_cast<float>(1 / std::sqrt(moments[1] + epsilon_))};
            kernels().normalise_line(l, x, weight_.value.data(), bias_.value.data(),
                                     batch.frame->data(outputs[0]) + line * width_);
        });
    }

    // dx = r (h - mean(h) - z mean(h z)), h = weight g, z = (x - mean) r.
    void backward(Batch &batch, bool input, bool parameters) const override {
        float *weight = parameters ? batch.gradients->slot(weight_slot_) : nullptr;
        float *bias = parameters ? batch.gradients->slot(bias_slot_) : nullptr;
        if (parameters) {
            std::fill_n(weight, width_, 0.0F);
            std::fill_n(bias, width_, 0.0F);
        }
        for_lines(batch, [&](std::int64_t line, const Line &l) {
            const float *x = batch.frame->data(inputs[0]) + line * width_;
            const float *g = batch.work->gradient(outputs[0]) + line * width_;
            if (parameters) kernels().normalise_line_weights(l, x, g, weight, bias);
            if (input)
                kernels().normalise_line_gradient(l, x, weight_.value.data(), g,
                                                  batch.work->gradient(inputs[0]) + line * width_);
        });
    }

    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        graph.value(outputs[0]).shape = graph.value(inputs[0]).shape;
        lines_ = graph.value(inputs[0]).size() / width_;
        return true;
    }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(weight_slot_), weight_.gradient.data(), width_);
        kernels().add(gradients.slot(bias_slot_), bias_.gradient.data(), width_);
    }

  private:
    template <class Work>
    void for_lines(const Batch &batch, Work work) const {
        auto *statistics = batch.frame->extra<Line>(statistics_);
        for (std::int64_t line = 0; line < batch.rows * lines_; ++line)
            work(line, statistics[line]);
    }

    Parameter &weight_, &bias_;
    std::int64_t width_, lines_;  // lines of an example
    double epsilon_;
    int weight_slot_, bias_slot_;
    std::size_t statistics_ = 0;
};

class LayerNorm final : public NormLayer {
  public:
    static constexpr About about{
        "layernorm",
        "(x - mean) / sqrt(variance + eps) * weight + bias, with the statistics of each row of "
        "values along the last axis"};
    LayerNorm() : NormLayer(about) {}

    int build(Builder &builder, int input) const override {
        input = to_plain(builder.graph, input);
        const std::int64_t width = builder.graph.value(input).shape.back();
        return normalise_lines(builder.graph, input, add_line_norm(builder, "", width, epsilon()));
    }
};

}  // namespace

LineNorm add_line_norm(Builder &builder, const std::string &prefix, std::int64_t width,
                       double epsilon) {
    const auto vector = [&](const char *name, float start) -> Parameter & {
        Parameter &parameter =
            builder.graph.parameters.add(builder.parameter(prefix + name), {width});
        std::ranges::fill(parameter.value, start);
        return parameter;
    };
    Parameter &weight = vector("weight", 1), &bias = vector("bias", 0);
    return {weight, bias, epsilon};
}

int normalise_lines(Graph &graph, int input, const LineNorm &norm) {
    const int result = graph.add_value(graph.value(input).shape);
    graph.add(std::make_unique<LineNormalisation>(graph, input, result, norm));
    return result;
}

LayerKind layernorm() {
    return kind_of<LayerNorm>();
}

}  // namespace sequential
