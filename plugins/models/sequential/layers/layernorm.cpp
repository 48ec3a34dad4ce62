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
        statistics_ =
            graph.reserve(static_cast<std::size_t>(graph.width * lines_) * sizeof(Statistics));
    }

    void forward(Batch &batch) const override {
        for_lines(batch, [&](std::int64_t line, Statistics &s) {
            const float *x = batch.frame->data(inputs[0]) + line * width_;
            float *y = batch.frame->data(outputs[0]) + line * width_;
            s = statistics(x);
            for (std::int64_t i = 0; i < width_; ++i)
                y[i] = (x[i] - s.mean) * s.inverse * weight(i) + bias(i);
        });
    }

    // dx = r (h - mean(h) - z mean(h z)), h = weight g, z = (x - mean) r.
    void backward(Batch &batch, bool input, bool parameters) const override {
        if (parameters) {
            std::fill_n(batch.gradients->slot(weight_slot_), width_, 0.0F);
            std::fill_n(batch.gradients->slot(bias_slot_), width_, 0.0F);
        }
        for_lines(batch, [&](std::int64_t line, const Statistics &s) {
            const float *x = batch.frame->data(inputs[0]) + line * width_;
            const float *g = batch.work->gradient(outputs[0]) + line * width_;
            if (parameters) {
                for (std::int64_t i = 0; i < width_; ++i)
                    batch.gradients->slot(weight_slot_)[i] += g[i] * (x[i] - s.mean) * s.inverse;
                kernels().add(g, batch.gradients->slot(bias_slot_), width_);
            }
            if (!input) return;
            double sum = 0, along = 0;
            for (std::int64_t i = 0; i < width_; ++i) {
                const double h = static_cast<double>(weight(i)) * g[i];
                sum += h;
                along += h * ((x[i] - s.mean) * s.inverse);
            }
            const auto mean = static_cast<float>(sum / static_cast<double>(width_));
            const auto slope = static_cast<float>(along / static_cast<double>(width_));
            float *dx = batch.work->gradient(inputs[0]) + line * width_;
            for (std::int64_t i = 0; i < width_; ++i)
                dx[i] = s.inverse * (weight(i) * g[i] - mean - (x[i] - s.mean) * s.inverse * slope);
        });
    }

    bool has_parameters() const override { return true; }
    bool reads_output() const override { return false; }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().add(gradients.slot(weight_slot_), weight_.gradient.data(), width_);
        kernels().add(gradients.slot(bias_slot_), bias_.gradient.data(), width_);
    }

  private:
    struct Statistics {
        float mean, inverse;  // of the deviation
    };

    template <class Work>
    void for_lines(const Batch &batch, Work work) const {
        auto *statistics = batch.frame->extra<Statistics>(statistics_);
        for (std::int64_t line = 0; line < batch.rows * lines_; ++line)
            work(line, statistics[line]);
    }

    Statistics statistics(const float *x) const {
        const auto count = static_cast<double>(width_);
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < width_; ++i) sum += x[i];
        const double mean = sum / count;
        for (std::int64_t i = 0; i < width_; ++i) squares += (x[i] - mean) * (x[i] - mean);
        return {static_cast<float>(mean),
                static_cast<float>(1 / std::sqrt(squares / count + epsilon_))};
    }

    float weight(std::int64_t i) const { return weight_.value[static_cast<std::size_t>(i)]; }
    float bias(std::int64_t i) const { return bias_.value[static_cast<std::size_t>(i)]; }

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
