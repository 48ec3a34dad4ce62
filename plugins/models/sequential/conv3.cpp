// Convolution of 3 by 3 with stride 1 between blocked images, in our own loops: Winograd's, see
// kernels_winograd.hpp.
#include "conv_parameters.hpp"
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

class BlockedConv3 final : public Operation {
  public:
    BlockedConv3(Graph &graph, int input, int result, const LayerSpec &spec, Parameter &weight,
                 Parameter *bias, std::optional<Rectifier> rectifier)
        : weight_(weight),
          bias_(bias),
          rectifier_(rectifier),
          masks_(rectifier && rectifier->gradient_here) {
        inputs = {input};
        outputs = {result};
        const Value &in = graph.value(input), &out = graph.value(result);
        const std::int64_t block = kernels().block;
        const std::int64_t in_channels = round_up(in.shape[0], block);
        const std::int64_t out_channels = round_up(out.shape[0], block);
        in_stride_ = in.stride();
        out_stride_ = out.stride();
        if (masks_)
            signs_ = graph.reserve(static_cast<std::size_t>(graph.width * out_stride_ / block) *
                                   sizeof(Signs));
        forward_ = {.in_blocks = in_channels / block,
                    .out_blocks = out_channels / block,
                    .height = in.shape[1],
                    .width = in.shape[2],
                    .padding = spec.padding,
                    .activation = rectifier.has_value(),
                    .slope = rectifier ? rectifier->slope : 1.0F};
        backward_ = {.in_blocks = forward_.out_blocks,
                     .out_blocks = forward_.in_blocks,
                     .height = out.shape[1],
                     .width = out.shape[2],
                     .padding = 2 - spec.padding,
                     .activation = false,
                     .slope = 1.0F};
        for (const std::int64_t floats :
             {kernels().conv3_scratch(forward_), kernels().conv3_gradient_scratch(backward_),
              kernels().conv3_weights_scratch(forward_)})
            graph.reserve_scratch(static_cast<std::size_t>(floats) * sizeof(float));

        const std::int64_t count = kernels().conv3_packed_size(taps());
        packed_forward_.resize(static_cast<std::size_t>(count));
        packed_backward_.resize(static_cast<std::size_t>(count));
        packed_bias_.resize(static_cast<std::size_t>(out_channels));
        weight_slot_ = graph.add_gradient_slot(plain_desc({count}));
        bias_slot_ = graph.add_gradient_slot(plain_desc({out_channels}));
        pack();
    }

    void forward(Batch &batch) const override {
        kernels().conv3(forward_, batch.end - batch.begin, packed_forward_.data(),
                        packed_bias_.data(), batch.value(inputs[0], batch.begin), in_stride_,
                        batch.work->scratch_data(), batch.value(outputs[0], batch.begin),
                        out_stride_, signs(batch, batch.begin));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (masks_)
            kernels().rectify_signed(signs(batch, batch.begin), rectifier_->slope,
                                     batch.gradient(outputs[0], batch.begin),
                                     (batch.end - batch.begin) * out_stride_);
        const std::int64_t real = std::min(batch.end, batch.rows) - batch.begin;
        if (parameters && real > 0)
            kernels().conv3_weights(forward_, real, batch.value(inputs[0], batch.begin), in_stride_,
                                    batch.gradient(outputs[0], batch.begin), out_stride_,
                                    batch.work->scratch_data(), batch.begin > 0,
                                    batch.gradients->slot_data(weight_slot_),
                                    batch.gradients->slot_data(bias_slot_));
        if (input)
            kernels().conv3_gradient(backward_, batch.end - batch.begin, packed_backward_.data(),
                                     batch.gradient(outputs[0], batch.begin), out_stride_,
                                     batch.work->scratch_data(),
                                     batch.gradient(inputs[0], batch.begin), in_stride_);
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override {
        return kernels().conv3_group(forward_) == 1 && kernels().conv3_group(backward_) == 1;
    }
    bool learns_by_example() const override {
        return by_example() && kernels().conv3_weights_group(forward_) == 1;
    }
    bool forgets_values() const override { return true; }

    void pack() override {
        kernels().conv3_pack(taps(), weight_.value.data(), packed_forward_.data());
        const Conv3Weights turned{.in = weight_.shape[0],
                                  .out = weight_.shape[1],
                                  .in_stride = taps().out_stride,
                                  .out_stride = taps().in_stride,
                                  .upside_down = true};
        kernels().conv3_pack(turned, weight_.value.data(), packed_backward_.data());
        if (bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void deposit(const ParameterGradients &gradients) const override {
        kernels().conv3_deposit(taps(), gradients.slot_data(weight_slot_), weight_.gradient.data());
        if (bias_ != nullptr)
            kernels().add(gradients.slot_data(bias_slot_), bias_->gradient.data(), bias_->shape[0]);
    }

  private:
    Conv3Weights taps() const {
        return {.in = weight_.shape[1],
                .out = weight_.shape[0],
                .in_stride = 9,
                .out_stride = weight_.shape[1] * 9,
                .upside_down = false};
    }
    Signs *signs(const Batch &batch, std::int64_t row) const {
        return masks_ ? batch.frame->extra<Signs>(signs_) + row * (out_stride_ / kernels().block)
                      : nullptr;
    }

    Parameter &weight_;
    Parameter *bias_;
    std::optional<Rectifier> rectifier_;
    bool masks_;
    std::size_t signs_ = 0;
    Conv3 forward_{}, backward_{};
    std::int64_t in_stride_ = 0, out_stride_ = 0;
    Aligned packed_forward_, packed_backward_, packed_bias_;
    int weight_slot_ = 0, bias_slot_ = 0;
};

}  // namespace

std::unique_ptr<Operation> make_conv3(Graph &graph, int input, int result, const LayerSpec &spec,
                                      Parameter &weight, Parameter *bias,
                                      std::optional<Rectifier> rectifier) {
    return std::make_unique<BlockedConv3>(graph, input, result, spec, weight, bias, rectifier);
}

}  // namespace sequential
