// Convolution with bias, and the rectifier after it, if there is one. Between blocked images it
// uses one of two algorithms of our own; for images of few plain channels see first_conv.cpp.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/convolution.hpp"
#include "layers/first_conv.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Convolution final : public Operation {
  public:
    Convolution(Graph &graph, int input, int result, const Window &window, const Weights &weights,
                std::optional<Rectifier> rectifier)
        : weight_(weights.weight),
          bias_(weights.bias),
          masks_(rectifier && rectifier->gradient_here),
          in_stride_(graph.value(input).stride()),
          out_stride_(graph.value(result).stride()) {
        inputs = {input};
        outputs = {result};
        const Shape &in = graph.value(input).shape;
        conv_ = {.in = in[0],
                 .out = weight_.shape[0],
                 .height = in[1],
                 .width = in[2],
                 .kernel = window.kernel,
                 .stride = window.stride,
                 .padding = window.padding,
                 .activation = rectifier.has_value(),
                 .slope = rectifier ? rectifier->slope : 1.0F};
        const std::int64_t block = kernels().block;
        if (masks_)
            signs_ = graph.reserve(static_cast<std::size_t>(graph.width * out_stride_ / block) *
                                   sizeof(Signs));
        std::int64_t scratch = way().scratch(conv_);
        if (const ConvBf16 *bf16 = conv_bf16()) scratch = std::max(scratch, bf16->scratch(conv_));
        graph.reserve_scratch(static_cast<std::size_t>(scratch) * sizeof(float));

        const std::int64_t count = way().packed_size(conv_), padded = round_up(conv_.out, block);
        packed_forward_.resize(static_cast<std::size_t>(count));
        packed_backward_.resize(static_cast<std::size_t>(count));
        packed_bias_.resize(static_cast<std::size_t>(padded));
        weight_slot_ = graph.add_gradient_slot(count);
        bias_slot_ = graph.add_gradient_slot(padded);
        pack();
    }

    void forward(Batch &batch) const override {
        const auto forward = batch.bf16 ? conv_bf16()->forward : way().forward;
        const Aligned &weights = batch.bf16 ? bf16_forward_ : packed_forward_;
        forward(conv_, batch.end - batch.begin, weights.data(), packed_bias_.data(),
                batch.value(inputs[0], batch.begin), in_stride_, batch.work->scratch(),
                batch.value(outputs[0], batch.begin), out_stride_, signs(batch));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        const std::int64_t examples = batch.end - batch.begin;
        float *const g = batch.gradient(outputs[0], batch.begin);
        if (batch.bf16)
            return conv_bf16()->gradient(conv_, examples, bf16_backward_.data(), g, out_stride_,
                                         signs(batch), batch.work->scratch(),
                                         batch.gradient(inputs[0], batch.begin), in_stride_);
        if (masks_) kernels().rectify_signed(signs(batch), conv_.slope, g, examples * out_stride_);
        if (parameters)
            way().weights(conv_, examples, batch.value(inputs[0], batch.begin), in_stride_, g,
                          out_stride_, batch.work->scratch(), batch.begin > 0,
                          batch.gradients->slot(weight_slot_), batch.gradients->slot(bias_slot_));
        if (!input) return;
        way().gradient(conv_, examples, packed_backward_.data(), g, out_stride_,
                       batch.work->scratch(), batch.gradient(inputs[0], batch.begin), in_stride_);
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override { return way().group(conv_) == 1; }
    bool learns_by_example() const override {
        return by_example() && way().weights_group(conv_) == 1;
    }
    bool backward_without_values() const override { return true; }

    void pack() override {
        way().pack(conv_, weight_.value.data(), packed_forward_.data());
        way().pack_gradient(conv_, weight_.value.data(), packed_backward_.data());
        if (bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void pack_bf16() override {
        const ConvBf16 &bf16 = *conv_bf16();
        bf16_forward_.resize(static_cast<std::size_t>(bf16.size(conv_)));
        bf16_backward_.resize(static_cast<std::size_t>(bf16.gradient_size(conv_)));
        bf16.pack(conv_, weight_.value.data(), bf16_forward_.data());
        bf16.pack_gradient(conv_, weight_.value.data(), bf16_backward_.data());
    }

    void deposit(const ParameterGradients &gradients) const override {
        way().deposit(conv_, gradients.slot(weight_slot_), weight_.gradient.data());
        if (bias_ != nullptr)
            kernels().add(gradients.slot(bias_slot_), bias_->gradient.data(), conv_.out);
    }

  private:
    const ConvKernels &way() const {
        const bool three = conv_.kernel == 3 && conv_.stride == 1 && conv_.padding <= 2;
        return three ? kernels().conv3 : kernels().conv;
    }
    Signs *signs(const Batch &batch) const {
        const std::int64_t first = batch.begin * (out_stride_ / kernels().block);
        return masks_ ? batch.frame->extra<Signs>(signs_) + first : nullptr;
    }

    Parameter &weight_;
    Parameter *bias_;
    bool masks_;
    std::int64_t in_stride_, out_stride_;
    Conv conv_{};
    std::size_t signs_ = 0;
    Aligned packed_forward_, packed_backward_, packed_bias_;
    Aligned bf16_forward_, bf16_backward_;  // empty until needed
    int weight_slot_ = 0, bias_slot_ = 0;
};

// Images of so few channels stay plain: blocks would be mostly filling.
constexpr std::int64_t few_channels = 3;

class Conv2d final : public Weighted {
  public:
    static constexpr About about{"conv", "convolution over an image"};
    Conv2d() : Weighted(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape in = expect_image(graph, input);
        const Window window{*kernel_, *stride_, *padding_};
        window.over(in, out());
        const Weights weights = add_weights(builder, {out(), in[0], *kernel_, *kernel_});
        return add_convolution(graph, input, window, weights, builder.take_rectifier(true));
    }

  private:
    spar::Integer kernel_{this, "kernel", "side of the square window", {.min = 1, .max = 255}};
    spar::Integer stride_{
        this, "stride", "from one window to the next", {.fallback = 1, .min = 1, .max = 255}};
    spar::Integer padding_{
        this, "padding", "zeros around the image", {.fallback = 0, .min = 0, .max = 254}};
};

}  // namespace

int add_convolution(Graph &graph, int input, const Window &window, const Weights &weights,
                    std::optional<Rectifier> rectifier) {
    const Shape in = expect_image(graph, input);
    const Shape shape = window.over(in, weights.weight.shape[0]);
    input = in[0] > few_channels ? to_blocked(graph, input) : to_plain(graph, input);
    const int result = graph.add_value(shape, shape);
    if (rectifier && !rectifier->gradient_here) graph.value(result).rectified = rectifier->slope;
    if (graph.value(input).blocked())
        graph.add(std::make_unique<Convolution>(graph, input, result, window, weights, rectifier));
    else
        graph.add(make_first_conv(graph, input, result, window, weights, rectifier));
    return result;
}

LayerKind conv() {
    return kind_of<Conv2d>();
}

}  // namespace sequential
