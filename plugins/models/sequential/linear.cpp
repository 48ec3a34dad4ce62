// Fully connected layer with bias, and a rectifier behind it if there is one. Reads a flattened
// image in blocks of channels as it lies.
#include "kernels.hpp"
#include "operations.hpp"

namespace sequential {
namespace {

using dnnl::memory;

class Linear final : public Operation {
  public:
    Linear(Graph &graph, int input, int result, Parameter &weight, Parameter *bias,
           std::optional<Rectifier> rectifier)
        : weight_(weight), bias_(bias), rectifier_(rectifier) {
        inputs = {input};
        outputs = {result};
        plan(graph);
        pack();
    }

    void forward(Batch &batch) const override {
        execute(forward_, batch.work->stream,
                {{DNNL_ARG_SRC, &batch.frame->value(inputs[0])},
                 {DNNL_ARG_WEIGHTS, &packed_forward_},
                 {DNNL_ARG_BIAS, bias_ != nullptr ? &plain_bias_ : nullptr},
                 {DNNL_ARG_DST, &batch.frame->value(outputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        if (rectifier_)
            kernels().rectify_gradient(batch.frame->data(outputs[0]), rectifier_->slope,
                                       batch.work->gradient_data(outputs[0]), output_size_);
        if (parameters)
            execute(backward_weights_, batch.work->stream,
                    {{DNNL_ARG_SRC, &batch.frame->value(inputs[0])},
                     {DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                     {DNNL_ARG_DIFF_WEIGHTS, &batch.gradients->slot(weight_slot_)},
                     {DNNL_ARG_DIFF_BIAS,
                      bias_ != nullptr ? &batch.gradients->slot(bias_slot_) : nullptr},
                     {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
        if (input)
            execute(backward_data_, batch.work->stream,
                    {{DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                     {DNNL_ARG_WEIGHTS, &packed_backward_},
                     {DNNL_ARG_DIFF_SRC, &batch.work->gradient(inputs[0])},
                     {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    bool has_parameters() const override { return true; }

    void pack() override {
        copy(plain_weight_, packed_forward_);
        copy(plain_weight_, packed_backward_);
    }

    void deposit(const ParameterGradients &gradients) const override {
        std::vector<float> sum(weight_.value.size());
        copy(gradients.slot(weight_slot_), memory(plain_weight_.get_desc(), cpu(), sum.data()));
        kernels().add(sum.data(), weight_.gradient.data(), static_cast<std::int64_t>(sum.size()));
        if (bias_ == nullptr) return;
        const memory &slot = gradients.slot(bias_slot_);
        kernels().add(static_cast<const float *>(slot.get_data_handle()), bias_->gradient.data(),
                      static_cast<std::int64_t>(bias_->gradient.size()));
    }

  private:
    void plan(Graph &graph) {
        const Value &in = graph.value(inputs[0]);
        const Value &out = graph.value(outputs[0]);
        Shape dims = in.desc.dims();  // [width, features] or [width, channels, height, width]
        dims[0] = weight_.shape[0];
        const memory::desc weights = any_desc(dims), bias = plain_desc({dims[0]});
        output_size_ = out.stride() * graph.width;

        const OneThread one;
        dnnl::primitive_attr attributes = own_scratch();
        if (rectifier_) {
            dnnl::post_ops behind;
            behind.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, rectifier_->slope, 0.0F);
            attributes.set_post_ops(behind);
        }
        using Forward = dnnl::inner_product_forward;
        const auto training = dnnl::prop_kind::forward_training;
        const Forward::primitive_desc forward(
            bias_ != nullptr ? Forward::desc(training, in.desc, weights, bias, out.desc)
                             : Forward::desc(training, in.desc, weights, out.desc),
            attributes, cpu());
        const dnnl::inner_product_backward_data::primitive_desc data({in.desc, weights, out.desc},
                                                                     own_scratch(), cpu(), forward);
        using Weights = dnnl::inner_product_backward_weights;
        const Weights::primitive_desc gradient(bias_ != nullptr
                                                   ? Weights::desc(in.desc, weights, bias, out.desc)
                                                   : Weights::desc(in.desc, weights, out.desc),
                                               own_scratch(), cpu(), forward);
        forward_ = Forward(forward);
        backward_data_ = dnnl::inner_product_backward_data(data);
        backward_weights_ = Weights(gradient);
        graph.reserve_scratch(forward.scratchpad_desc().get_size());
        graph.reserve_scratch(data.scratchpad_desc().get_size());
        graph.reserve_scratch(gradient.scratchpad_desc().get_size());

        plain_weight_ = memory(plain_desc(dims), cpu(), weight_.value.data());
        packed_forward_ = zeroed(forward.weights_desc());
        packed_backward_ = zeroed(data.weights_desc());
        weight_slot_ = graph.add_gradient_slot(gradient.diff_weights_desc());
        if (bias_ == nullptr) return;
        plain_bias_ = memory(bias, cpu(), bias_->value.data());
        bias_slot_ = graph.add_gradient_slot(bias);
    }

    Parameter &weight_;
    Parameter *bias_;
    std::optional<Rectifier> rectifier_;
    dnnl::primitive forward_, backward_data_, backward_weights_;
    memory plain_weight_, plain_bias_, packed_forward_, packed_backward_;
    int weight_slot_ = 0, bias_slot_ = 0;
    std::int64_t output_size_ = 0;
};

}  // namespace

int add_linear(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
               std::optional<Rectifier> rectifier, std::uint64_t key) {
    const Shape in = graph.value(input).shape;
    if (in.size() != 1)
        spec.fail("needs a flat input [features], got " + spar::shape_text(in) +
                  "; put a flatten before it");
    const Shape dims{spec.out, in[0]};
    Parameter &weight = graph.parameters.add(name + ".weight", dims);
    initialise_weight(weight, spec.init, key);
    Parameter *bias = nullptr;
    if (spec.bias) {
        bias = &graph.parameters.add(name + ".bias", {spec.out});
        initialise_bias(*bias, spec.init, in[0], key);
    }
    const int result = graph.add_value({spec.out}, plain_desc({graph.width, spec.out}), false);
    graph.add(std::make_unique<Linear>(graph, input, result, weight, bias, rectifier));
    return result;
}

}  // namespace sequential
