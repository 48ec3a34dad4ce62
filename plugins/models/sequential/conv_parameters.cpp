#include "conv_parameters.hpp"

#include "kernels.hpp"

#include <algorithm>

namespace sequential {

using dnnl::memory;

namespace {

float *floats(const memory &m) {
    return static_cast<float *>(m.get_data_handle());
}

// Calls visit(a row of the parameter, the same row of the padded tensor) for rows of taps.
template <class Visit>
void for_rows(const Shape &shape, std::int64_t padded_in, Visit visit) {
    const std::int64_t taps = shape[2] * shape[3];
    for (std::int64_t o = 0; o < shape[0]; ++o)
        visit(o * shape[1] * taps, o * padded_in * taps, shape[1] * taps);
}

}  // namespace

ConvParameters::ConvParameters(Graph &graph, int input, int output, const LayerSpec &spec,
                               Parameter &weight, Parameter *bias)
    : input_(input), output_(output), parameter_(weight), bias_parameter_(bias) {
    padded_ = weight.shape;
    padded_[0] = whole(graph.value(output)).dims()[1];
    padded_[1] = whole(graph.value(input)).dims()[1];
    weight_memory_ = zeroed(plain_desc(padded_));
    sum_ = zeroed(plain_desc(padded_));
    bias_memory_ = zeroed(plain_desc({padded_[0]}));
    refresh();
    plan_gradient(graph, spec);
}

memory::desc ConvParameters::whole(const Value &value) {
    if (!value.blocked) return value.desc;
    Shape dims = value.desc.dims();
    dims[1] = round_up(dims[1], kernels().block);
    return blocked_desc(dims);
}

void ConvParameters::refresh() {
    for_rows(parameter_.shape, padded_[1],
             [&](std::int64_t from, std::int64_t to, std::int64_t count) {
                 std::copy_n(parameter_.value.data() + from, count, floats(weight_memory_) + to);
             });
    if (bias_parameter_ != nullptr)
        std::copy(bias_parameter_->value.begin(), bias_parameter_->value.end(),
                  floats(bias_memory_));
}

void ConvParameters::plan_gradient(Graph &graph, const LayerSpec &spec) {
    const memory::desc in = whole(graph.value(input_)), out = whole(graph.value(output_));
    const memory::desc weights = any_desc(padded_), bias = bias_memory_.get_desc();
    const memory::dims strides{spec.stride, spec.stride}, padding{spec.padding, spec.padding};
    const auto algorithm = dnnl::algorithm::convolution_direct;
    const OneThread one;
    using Forward = dnnl::convolution_forward;
    const Forward::primitive_desc forward({dnnl::prop_kind::forward_training, algorithm, in,
                                           weights, bias, out, strides, padding, padding},
                                          own_scratch(), cpu());
    using Weights = dnnl::convolution_backward_weights;
    const Weights::primitive_desc gradient(
        {algorithm, in, weights, bias, out, strides, padding, padding}, own_scratch(), cpu(),
        forward);
    gradient_ = Weights(gradient);
    graph.reserve_scratch(gradient.scratchpad_desc().get_size());
    weight_slot_ = graph.add_gradient_slot(gradient.diff_weights_desc());
    bias_slot_ = graph.add_gradient_slot(bias);
}

void ConvParameters::gradient(Batch &batch) const {
    execute(gradient_, batch.work->stream,
            {{DNNL_ARG_SRC, &batch.frame->value(input_)},
             {DNNL_ARG_DIFF_DST, &batch.work->gradient(output_)},
             {DNNL_ARG_DIFF_WEIGHTS, &batch.gradients->slot(weight_slot_)},
             {DNNL_ARG_DIFF_BIAS, &batch.gradients->slot(bias_slot_)},
             {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
}

void ConvParameters::deposit(const ParameterGradients &gradients) const {
    copy(gradients.slot(weight_slot_), sum_);
    for_rows(parameter_.shape, padded_[1],
             [&](std::int64_t to, std::int64_t from, std::int64_t count) {
                 kernels().add(floats(sum_) + from, parameter_.gradient.data() + to, count);
             });
    if (bias_parameter_ != nullptr)
        kernels().add(floats(gradients.slot(bias_slot_)), bias_parameter_->gradient.data(),
                      bias_parameter_->shape[0]);
}

}  // namespace sequential
