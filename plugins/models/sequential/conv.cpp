// Convolution with bias, and a rectifier behind it if there is one.
#include "conv_parameters.hpp"
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

using dnnl::memory;

class Conv final : public Operation, public FusedStage {
  public:
    Conv(Graph &graph, int input, int result, const LayerSpec &spec, Parameter &weight,
         Parameter *bias, std::optional<Rectifier> rectifier)
        : parameters_(graph, input, result, spec, weight, bias),
          weight_(weight),
          rectifier_(rectifier),
          masks_(rectifier && rectifier->gradient_here) {
        inputs = {input};
        outputs = {result};
        plan(graph, spec);
        pack();
    }

    void forward(Batch &batch) const override {
        execute(forward_, batch.work->stream,
                {{DNNL_ARG_SRC, &batch.frame->value(inputs[0])},
                 {DNNL_ARG_WEIGHTS, &packed_forward_},
                 {DNNL_ARG_BIAS, &parameters_.bias()},
                 {DNNL_ARG_DST, &batch.frame->value(outputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        float *g = batch.work->gradient_data(outputs[0]);
        const float *z = masks_ ? batch.frame->data(outputs[0]) : nullptr;
        const bool own = input && own_gradient_;
        if (z != nullptr && (parameters || (input && !own))) {
            kernels().rectify_gradient(z, rectifier_->slope, g, output_stride_ * batch.frame_rows);
            z = nullptr;
        }
        if (parameters) parameters_.gradient(batch);
        if (own) {
            float *dx = batch.work->gradient_data(inputs[0]);
            const std::int64_t size = own_.channels * own_.height * own_.width;
            for (std::int64_t i = 0; i < batch.frame_rows; ++i)
                kernels().first_conv_gradient(own_, own_weights_.data(), g + i * output_stride_,
                                              z != nullptr ? z + i * output_stride_ : nullptr,
                                              batch.work->scratch_data(), dx + i * size);
        } else if (input) {
            execute(backward_data_, batch.work->stream,
                    {{DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                     {DNNL_ARG_WEIGHTS, &packed_backward_},
                     {DNNL_ARG_DIFF_SRC, &batch.work->gradient(inputs[0])},
                     {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
        }
    }

    bool has_parameters() const override { return true; }

    void pack() override {
        parameters_.refresh();
        copy(parameters_.weight(), packed_forward_);
        if (!own_gradient_) copy(parameters_.weight(), packed_backward_);
        if (own_gradient_) pack_own();
    }

    void deposit(const ParameterGradients &gradients) const override {
        parameters_.deposit(gradients);
    }

    const FusedStage *fused_stage() const override { return own_gradient_ ? this : nullptr; }

    void step(const float *x, const float *p, float *scratch, float *dx) const override {
        const auto *bias = static_cast<const float *>(parameters_.bias().get_data_handle());
        kernels().first_conv_step(own_, own_weights_.data(), bias, x, p, scratch, dx);
    }

  private:
    void plan(Graph &graph, const LayerSpec &spec) {
        const memory::desc in = ConvParameters::whole(graph.value(inputs[0]));
        const memory::desc out = ConvParameters::whole(graph.value(outputs[0]));
        const memory::desc weights = any_desc(parameters_.weight().get_desc().dims());
        const memory::dims strides{spec.stride, spec.stride}, padding{spec.padding, spec.padding};
        output_stride_ = graph.value(outputs[0]).stride();

        const OneThread one;
        const auto algorithm = dnnl::algorithm::convolution_direct;
        dnnl::primitive_attr attributes = own_scratch();
        if (rectifier_) {
            dnnl::post_ops behind;
            behind.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, rectifier_->slope, 0.0F);
            attributes.set_post_ops(behind);
        }
        using Forward = dnnl::convolution_forward;
        const Forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, algorithm, in, weights,
             parameters_.bias().get_desc(), out, strides, padding, padding},
            attributes, cpu());
        forward_ = Forward(forward);
        packed_forward_ = zeroed(forward.weights_desc());
        graph.reserve_scratch(forward.scratchpad_desc().get_size());

        own_gradient_ = !graph.value(inputs[0]).blocked;
        if (own_gradient_) return plan_own_gradient(graph, spec);
        using Data = dnnl::convolution_backward_data;
        const Data::primitive_desc data({algorithm, in, weights, out, strides, padding, padding},
                                        own_scratch(), cpu(), forward);
        backward_data_ = Data(data);
        packed_backward_ = zeroed(data.weights_desc());
        graph.reserve_scratch(data.scratchpad_desc().get_size());
    }

    void plan_own_gradient(Graph &graph, const LayerSpec &spec) {
        const Shape &in = graph.value(inputs[0]).shape, &out = graph.value(outputs[0]).shape;
        const std::int64_t block = kernels().block;
        own_ = {.channels = in[0],
                .height = in[1],
                .width = in[2],
                .blocks = round_up(out[0], block) / block,
                .out_height = out[1],
                .out_width = out[2],
                .kernel = spec.kernel,
                .stride = spec.stride,
                .padding = spec.padding,
                .activation = rectifier_.has_value(),
                .slope = rectifier_ ? rectifier_->slope : 1.0F};
        graph.reserve_scratch(static_cast<std::size_t>(kernels().first_conv_scratch(own_)) *
                              sizeof(float));
    }

    // From [out, in, ky, kx] to [in, ky, kx, out], zeros up to whole blocks.
    void pack_own() {
        const std::int64_t out = weight_.shape[0], filters = own_.blocks * kernels().block;
        const std::int64_t taps = own_.channels * own_.kernel * own_.kernel;
        own_weights_.assign(static_cast<std::size_t>(taps * filters), 0.0F);
        for (std::int64_t o = 0; o < out; ++o)
            for (std::int64_t tap = 0; tap < taps; ++tap)
                own_weights_[static_cast<std::size_t>(tap * filters + o)] =
                    weight_.value[static_cast<std::size_t>(o * taps + tap)];
    }

    ConvParameters parameters_;
    Parameter &weight_;
    std::optional<Rectifier> rectifier_;
    bool masks_;
    dnnl::primitive forward_, backward_data_;
    memory packed_forward_, packed_backward_;
    std::int64_t output_stride_ = 0;

    bool own_gradient_ = false;
    FirstConv own_{};
    std::vector<float> own_weights_;
};

}  // namespace

int add_conv(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
             std::optional<Rectifier> rectifier, std::uint64_t key) {
    const Shape in = expect_image(graph, input, spec);
    const Shape out{spec.out, window_count(spec, in[1], in), window_count(spec, in[2], in)};
    // A convolution reads one or three plain channels as fast as blocked ones, and no padding then
    // goes through memory.
    if (in[0] > 3) input = to_blocked(graph, input);
    if (in[0] <= 3) input = to_plain(graph, input);

    const Shape dims{spec.out, in[0], spec.kernel, spec.kernel};
    Parameter &weight = graph.parameters.add(name + ".weight", dims);
    initialise_weight(weight, spec.init, key);
    Parameter *bias = nullptr;
    if (spec.bias) {
        bias = &graph.parameters.add(name + ".bias", {spec.out});
        initialise_bias(*bias, spec.init, volume(dims) / spec.out, key);
    }
    const int result = graph.add_value(out, blocked_desc(graph.with_width(out)), true);
    graph.add(runs_as_conv3(graph, input, spec)
                  ? make_conv3(graph, input, result, spec, weight, bias, rectifier)
                  : std::make_unique<Conv>(graph, input, result, spec, weight, bias, rectifier));
    return result;
}

}  // namespace sequential
