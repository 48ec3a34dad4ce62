// Convolution of an image of few plain channels, in our own loops: oneDNN's gradient at such an
// input is several times slower than its forward pass. By itself it can be a fused first stage.
#include "conv_parameters.hpp"
#include "kernels.hpp"

namespace sequential {
namespace {

class FirstConvolution final : public Operation, public FusedStage {
  public:
    FirstConvolution(Graph &graph, int input, int result, const LayerSpec &spec, Parameter &weight,
                     Parameter *bias, std::optional<Rectifier> rectifier)
        : parameters_(graph, input, result, spec, weight, bias),
          masks_(rectifier && rectifier->gradient_here) {
        inputs = {input};
        outputs = {result};
        const Shape &in = graph.value(input).shape, &out = graph.value(result).shape;
        conv_ = {.channels = in[0],
                 .height = in[1],
                 .width = in[2],
                 .out = out[0],
                 .blocks = parameters_.out() / kernels().block,
                 .out_height = out[1],
                 .out_width = out[2],
                 .kernel = spec.kernel,
                 .stride = spec.stride,
                 .padding = spec.padding,
                 .activation = rectifier.has_value(),
                 .slope = rectifier ? rectifier->slope : 1.0F};
        out_stride_ = graph.value(result).stride();
        if (masks_)
            signs_ = graph.reserve(
                static_cast<std::size_t>(graph.width * out_stride_ / kernels().block) *
                sizeof(Signs));
        for (const auto size : {kernels().first_conv_scratch, kernels().first_conv_step_scratch})
            graph.reserve_scratch(static_cast<std::size_t>(size(conv_)) * sizeof(float));
        pack();
    }

    void forward(Batch &batch) const override {
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().first_conv(conv_, weights_.data(), bias(), batch.value(inputs[0], i),
                                 batch.work->scratch_data(), batch.value(outputs[0], i),
                                 signs(batch, i));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        const bool here = masks_ && parameters;
        if (here)
            kernels().rectify_signed(signs(batch, 0), conv_.slope, batch.gradient(outputs[0], 0),
                                     batch.end * out_stride_);
        if (parameters) parameters_.gradient(batch);
        if (!input) return;
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().first_conv_gradient(conv_, weights_.data(), batch.gradient(outputs[0], i),
                                          here ? nullptr : signs(batch, i),
                                          batch.work->scratch_data(), batch.gradient(inputs[0], i));
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    bool forgets_values() const override { return true; }

    // From [out, in, ky, kx] to [in, ky, kx, out].
    void pack() override {
        parameters_.refresh();
        const float *weight = turned();
        const std::int64_t out = parameters_.out();
        const std::int64_t taps = conv_.channels * conv_.kernel * conv_.kernel;
        weights_.resize(static_cast<std::size_t>(taps * out));
        for (std::int64_t o = 0; o < out; ++o)
            for (std::int64_t tap = 0; tap < taps; ++tap)
                weights_[static_cast<std::size_t>(tap * out + o)] = weight[o * taps + tap];
    }

    void deposit(const ParameterGradients &gradients) const override {
        parameters_.deposit(gradients);
    }

    const FusedStage *fused_stage() const override { return this; }

    void aim(const float *p, float *scratch) const override {
        kernels().first_conv_aim(conv_, p, scratch);
    }
    void step(const float *x, float *scratch, float *dx) const override {
        kernels().first_conv_step(conv_, weights_.data(), turned(), bias(), x, scratch, dx);
    }

  private:
    Signs *signs(const Batch &batch, std::int64_t row) const {
        return masks_ ? batch.frame->extra<Signs>(signs_) + row * (out_stride_ / kernels().block)
                      : nullptr;
    }
    const float *turned() const {
        return static_cast<const float *>(parameters_.weight().get_data_handle());
    }
    const float *bias() const {
        return static_cast<const float *>(parameters_.bias().get_data_handle());
    }

    ConvParameters parameters_;
    bool masks_;
    FirstConv conv_{};
    std::int64_t out_stride_ = 0;
    std::size_t signs_ = 0;
    Aligned weights_;
};

}  // namespace

std::unique_ptr<Operation> make_first_conv(Graph &graph, int input, int result,
                                           const LayerSpec &spec, Parameter &weight,
                                           Parameter *bias, std::optional<Rectifier> rectifier) {
    return std::make_unique<FirstConvolution>(graph, input, result, spec, weight, bias, rectifier);
}

}  // namespace sequential
