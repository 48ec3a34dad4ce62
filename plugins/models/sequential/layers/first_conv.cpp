// Convolution of an image of few plain channels. Alone it can be a fused first stage.
#include "layers/first_conv.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

class FirstConvolution final : public Operation, public FusedStage {
  public:
    FirstConvolution(Graph &graph, int input, int result, const Window &window,
                     const Weights &weights, std::optional<Rectifier> rectifier)
        : weight_(weights.weight),
          bias_(weights.bias),
          masks_(rectifier && rectifier->gradient_here) {
        inputs = {input};
        outputs = {result};
        const Shape &in = graph.value(input).shape, &out = graph.value(result).shape;
        const std::int64_t blocks = round_up(out[0], kernels().block) / kernels().block;
        conv_ = {.channels = in[0],
                 .height = in[1],
                 .width = in[2],
                 .out = out[0],
                 .blocks = blocks,
                 .out_height = out[1],
                 .out_width = out[2],
                 .kernel = window.kernel,
                 .stride = window.stride,
                 .padding = window.padding,
                 .activation = rectifier.has_value(),
                 .slope = rectifier ? rectifier->slope : 1.0F};
        out_stride_ = graph.value(result).stride();
        if (masks_)
            signs_ = graph.reserve(
                static_cast<std::size_t>(graph.width * out_stride_ / kernels().block) *
                sizeof(Signs));
        for (const auto size : {kernels().first_conv_scratch, kernels().first_conv_step_scratch})
            graph.reserve_scratch(static_cast<std::size_t>(size(conv_)) * sizeof(float));
        packed_weight_.resize(static_cast<std::size_t>(taps() * padded_out()));
        packed_bias_.resize(static_cast<std::size_t>(padded_out()));
        weight_slot_ = graph.add_gradient_slot(taps() * padded_out());
        bias_slot_ = graph.add_gradient_slot(padded_out());
        pack();
    }

    void forward(Batch &batch) const override {
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().first_conv(conv_, packed_weight_.data(), packed_bias_.data(),
                                 batch.value(inputs[0], i), batch.work->scratch(),
                                 batch.value(outputs[0], i), signs(batch, i));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        const bool here = masks_ && parameters;
        if (here)
            kernels().rectify_signed(signs(batch, batch.begin), conv_.slope,
                                     batch.gradient(outputs[0], batch.begin),
                                     (batch.end - batch.begin) * out_stride_);
        if (parameters) sum_gradients(batch);
        if (!input) return;
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().first_conv_gradient(conv_, packed_weight_.data(),
                                          batch.gradient(outputs[0], i),
                                          here ? nullptr : signs(batch, i), batch.work->scratch(),
                                          batch.gradient(inputs[0], i));
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    bool learns_by_example() const override { return true; }
    bool backward_without_values() const override { return true; }

    void pack() override {
        for_weights([&](std::size_t packed, std::size_t plain) {
            packed_weight_[packed] = weight_.value[plain];
        });
        if (bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void deposit(const ParameterGradients &gradients) const override {
        const float *sums = gradients.slot(weight_slot_);
        for_weights([&](std::size_t packed, std::size_t plain) {
            weight_.gradient[plain] += sums[packed];
        });
        if (bias_ != nullptr)
            kernels().add(gradients.slot(bias_slot_), bias_->gradient.data(), conv_.out);
    }

    const FusedStage *fused_stage() const override { return this; }

    void load_gradient(const float *p, float *scratch) const override {
        kernels().first_conv_load_gradient(conv_, p, scratch);
    }
    void step(const float *x, float *scratch, float *dx) const override {
        kernels().first_conv_step(conv_, packed_weight_.data(), weight_.value.data(),
                                  packed_bias_.data(), x, scratch, dx);
    }

    void clear_sums(const ParameterGradients &gradients) const override {
        std::fill_n(gradients.slot(weight_slot_), taps() * padded_out(), 0.0F);
        std::fill_n(gradients.slot(bias_slot_), padded_out(), 0.0F);
    }
    void add_sums(const float *x, float *scratch,
                  const ParameterGradients &gradients) const override {
        kernels().first_conv_step_weights(conv_, packed_weight_.data(), packed_bias_.data(), x,
                                          scratch, gradients.slot(weight_slot_),
                                          gradients.slot(bias_slot_));
    }

  private:
    Signs *signs(const Batch &batch, std::int64_t row) const {
        return masks_ ? batch.frame->extra<Signs>(signs_) + row * (out_stride_ / kernels().block)
                      : nullptr;
    }
    std::int64_t taps() const { return conv_.channels * conv_.kernel * conv_.kernel; }
    std::int64_t padded_out() const { return conv_.blocks * kernels().block; }

    // Calls visit(place in [in, ky, kx, out padded], place in [out, in, ky, kx]) for all weights.
    template <class Visit>
    void for_weights(Visit visit) const {
        for (std::int64_t o = 0; o < conv_.out; ++o)
            for (std::int64_t tap = 0; tap < taps(); ++tap)
                visit(static_cast<std::size_t>(tap * padded_out() + o),
                      static_cast<std::size_t>(o * taps() + tap));
    }

    void sum_gradients(Batch &batch) const {
        if (batch.begin == 0) clear_sums(*batch.gradients);
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().first_conv_weights(conv_, batch.value(inputs[0], i),
                                         batch.gradient(outputs[0], i), batch.work->scratch(),
                                         batch.gradients->slot(weight_slot_),
                                         batch.gradients->slot(bias_slot_));
    }

    Parameter &weight_;
    Parameter *bias_;
    bool masks_;
    FirstConv conv_{};
    std::int64_t out_stride_ = 0;
    std::size_t signs_ = 0;
    Aligned packed_weight_, packed_bias_;
    int weight_slot_ = 0, bias_slot_ = 0;
};

}  // namespace

std::unique_ptr<Operation> make_first_conv(Graph &graph, int input, int result,
                                           const Window &window, const Weights &weights,
                                           std::optional<Rectifier> rectifier) {
    return std::make_unique<FirstConvolution>(graph, input, result, window, weights, rectifier);
}

}  // namespace sequential
