// Convolution of 3 by 3 with stride 1 between blocked images, in our own loops; see
// kernels_conv3.hpp. The gradient of its parameters is oneDNN's.
#include "conv_parameters.hpp"
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

// Weights as Kernels::conv3 reads them, from weight(in, out, ky, kx).
template <class Weight>
void pack(Aligned &packed, std::int64_t in, std::int64_t out, Weight weight) {
    const std::int64_t block = kernels().block;
    packed.resize(static_cast<std::size_t>(in * out * 9));
    auto to = packed.begin();
    for (std::int64_t first = 0; first < out; first += 2 * block) {
        const std::int64_t last = std::min(first + 2 * block, out);
        for (std::int64_t from = 0; from < in; from += block)
            for (std::int64_t tap = 0; tap < 9; ++tap)
                for (std::int64_t i = from; i < from + block; ++i)
                    for (std::int64_t o = first; o < last; ++o) *to++ = weight(i, o, tap);
    }
}

class BlockedConv3 final : public Operation {
  public:
    BlockedConv3(Graph &graph, int input, int result, const LayerSpec &spec, Parameter &weight,
                 Parameter *bias, std::optional<Rectifier> rectifier)
        : parameters_(graph, input, result, spec, weight, bias),
          rectifier_(rectifier),
          masks_(rectifier && rectifier->gradient_here) {
        inputs = {input};
        outputs = {result};
        const std::int64_t block = kernels().block;
        const Value &in = graph.value(input), &out = graph.value(result);
        out_stride_ = out.stride();
        if (masks_)
            signs_ = graph.reserve(
                static_cast<std::size_t>(graph.width * out_stride_ / kernels().block) *
                sizeof(Signs));
        forward_ = {.in_blocks = parameters_.in() / block,
                    .out_blocks = parameters_.out() / block,
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
        no_bias_.resize(static_cast<std::size_t>(parameters_.in()));
        pack();
    }

    void forward(Batch &batch) const override {
        const auto *bias = static_cast<const float *>(parameters_.bias().get_data_handle());
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().conv3(forward_, packed_forward_.data(), bias, batch.value(inputs[0], i),
                            batch.value(outputs[0], i), signs(batch, i));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (masks_)
            kernels().rectify_signed(signs(batch, batch.begin), rectifier_->slope,
                                     batch.gradient(outputs[0], batch.begin),
                                     (batch.end - batch.begin) * out_stride_);
        if (parameters) parameters_.gradient(batch);
        if (!input) return;
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().conv3(backward_, packed_backward_.data(), no_bias_.data(),
                            batch.gradient(outputs[0], i), batch.gradient(inputs[0], i), nullptr);
    }

    bool has_parameters() const override { return true; }
    bool by_example() const override { return true; }
    bool forgets_values() const override { return true; }

    void pack() override {
        parameters_.refresh();
        const auto *weight = static_cast<const float *>(parameters_.weight().get_data_handle());
        const std::int64_t in = parameters_.in(), out = parameters_.out();
        sequential::pack(packed_forward_, in, out,
                         [&](std::int64_t i, std::int64_t o, std::int64_t tap) {
                             return weight[(o * in + i) * 9 + tap];
                         });
        sequential::pack(packed_backward_, out, in,
                         [&](std::int64_t o, std::int64_t i, std::int64_t tap) {
                             return weight[(o * in + i) * 9 + 8 - tap];
                         });
    }

    void deposit(const ParameterGradients &gradients) const override {
        parameters_.deposit(gradients);
    }

  private:
    Signs *signs(const Batch &batch, std::int64_t row) const {
        return masks_ ? batch.frame->extra<Signs>(signs_) + row * (out_stride_ / kernels().block)
                      : nullptr;
    }

    ConvParameters parameters_;
    std::optional<Rectifier> rectifier_;
    bool masks_;
    std::size_t signs_ = 0;
    Conv3 forward_{}, backward_{};
    std::int64_t out_stride_ = 0;
    Aligned packed_forward_, packed_backward_, no_bias_;
};

}  // namespace

std::unique_ptr<Operation> make_conv3(Graph &graph, int input, int result, const LayerSpec &spec,
                                      Parameter &weight, Parameter *bias,
                                      std::optional<Rectifier> rectifier) {
    return std::make_unique<BlockedConv3>(graph, input, result, spec, weight, bias, rectifier);
}

}  // namespace sequential
