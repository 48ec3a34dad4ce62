// Convolution with bias, and a rectifier behind it if there is one. Three ways to run it: our own
// loops for images of few plain channels and for 3 by 3 with stride 1, oneDNN for the rest.
#include "conv_parameters.hpp"
#include "kernels.hpp"

namespace sequential {
namespace {

using dnnl::memory;

class Conv final : public Operation {
  public:
    Conv(Graph &graph, int input, int result, const LayerSpec &spec, Parameter &weight,
         Parameter *bias, std::optional<Rectifier> rectifier)
        : parameters_(graph, input, result, spec, weight, bias), rectifier_(rectifier) {
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
        if (rectifier_ && rectifier_->gradient_here)
            kernels().rectify_gradient(batch.frame->data(outputs[0]), rectifier_->slope,
                                       batch.work->gradient_data(outputs[0]),
                                       output_stride_ * batch.end);
        if (parameters) parameters_.gradient(batch);
        if (input)
            execute(backward_data_, batch.work->stream,
                    {{DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                     {DNNL_ARG_WEIGHTS, &packed_backward_},
                     {DNNL_ARG_DIFF_SRC, &batch.work->gradient(inputs[0])},
                     {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    bool has_parameters() const override { return true; }
    bool sums_all_rows() const override { return true; }

    void pack() override {
        parameters_.refresh();
        copy(parameters_.weight(), packed_forward_);
        copy(parameters_.weight(), packed_backward_);
    }

    void deposit(const ParameterGradients &gradients) const override {
        parameters_.deposit(gradients);
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
        using Data = dnnl::convolution_backward_data;
        const Data::primitive_desc data({algorithm, in, weights, out, strides, padding, padding},
                                        own_scratch(), cpu(), forward);
        forward_ = Forward(forward);
        backward_data_ = Data(data);
        packed_forward_ = zeroed(forward.weights_desc());
        packed_backward_ = zeroed(data.weights_desc());
        graph.reserve_scratch(forward.scratchpad_desc().get_size());
        graph.reserve_scratch(data.scratchpad_desc().get_size());
    }

    ConvParameters parameters_;
    std::optional<Rectifier> rectifier_;
    dnnl::primitive forward_, backward_data_;
    memory packed_forward_, packed_backward_;
    std::int64_t output_stride_ = 0;
};

// Images of so few channels stay plain: in blocks they would be mostly filling.
constexpr std::int64_t few_channels = 3;

std::unique_ptr<Operation> make_conv(Graph &graph, int input, int result, const LayerSpec &spec,
                                     Parameter &weight, Parameter *bias,
                                     std::optional<Rectifier> rectifier) {
    if (!graph.value(input).blocked)
        return make_first_conv(graph, input, result, spec, weight, bias, rectifier);
    if (spec.kernel == 3 && spec.stride == 1 && spec.padding <= 2)
        return make_conv3(graph, input, result, spec, weight, bias, rectifier);
    return std::make_unique<Conv>(graph, input, result, spec, weight, bias, rectifier);
}

}  // namespace

int add_conv(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
             std::optional<Rectifier> rectifier, std::uint64_t key) {
    const Shape in = expect_image(graph, input, spec);
    const Shape out{spec.out, window_count(spec, in[1], in), window_count(spec, in[2], in)};
    input = in[0] > few_channels ? to_blocked(graph, input) : to_plain(graph, input);

    const Shape dims{spec.out, in[0], spec.kernel, spec.kernel};
    Parameter &weight = graph.parameters.add(name + ".weight", dims);
    initialise_weight(weight, spec.init, key);
    Parameter *bias = nullptr;
    if (spec.bias) {
        bias = &graph.parameters.add(name + ".bias", {spec.out});
        initialise_bias(*bias, spec.init, volume(dims) / spec.out, key);
    }
    const int result = graph.add_value(out, blocked_desc(graph.with_width(out)), true);
    graph.add(make_conv(graph, input, result, spec, weight, bias, rectifier));
    return result;
}

}  // namespace sequential
