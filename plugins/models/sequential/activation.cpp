// Activations that stand alone: relu, leaky_relu, tanh, sigmoid. Their gradients follow from their
// outputs.
#include "operations.hpp"

namespace sequential {
namespace {

class Activation final : public Operation {
  public:
    Activation(Graph &graph, int input, int result, dnnl::algorithm algorithm, float slope) {
        inputs = {input};
        outputs = {result};
        const dnnl::memory::desc desc = graph.value(input).desc;
        const OneThread one;
        const dnnl::eltwise_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, algorithm, desc, slope, 0.0F}, own_scratch(),
            cpu());
        const dnnl::eltwise_backward::primitive_desc backward({algorithm, desc, desc, slope, 0.0F},
                                                              own_scratch(), cpu(), forward);
        forward_ = dnnl::eltwise_forward(forward);
        backward_ = dnnl::eltwise_backward(backward);
        graph.reserve_scratch(forward.scratchpad_desc().get_size());
        graph.reserve_scratch(backward.scratchpad_desc().get_size());
    }

    void forward(Batch &batch) const override {
        execute(forward_, batch.work->stream,
                {{DNNL_ARG_SRC, &batch.frame->value(inputs[0])},
                 {DNNL_ARG_DST, &batch.frame->value(outputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        execute(backward_, batch.work->stream,
                {{DNNL_ARG_DST, &batch.frame->value(outputs[0])},
                 {DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                 {DNNL_ARG_DIFF_SRC, &batch.work->gradient(inputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

  private:
    dnnl::primitive forward_, backward_;
};

}  // namespace

int add_activation(Graph &graph, int input, const LayerSpec &spec) {
    dnnl::algorithm algorithm = dnnl::algorithm::eltwise_relu_use_dst_for_bwd;
    if (spec.type == "tanh") algorithm = dnnl::algorithm::eltwise_tanh_use_dst_for_bwd;
    if (spec.type == "sigmoid") algorithm = dnnl::algorithm::eltwise_logistic_use_dst_for_bwd;
    const Value in = graph.value(input);
    const int result = graph.add_value(in.shape, in.desc, in.blocked);
    const auto slope = static_cast<float>(spec.type == "leaky_relu" ? spec.slope : 0.0);
    graph.add(std::make_unique<Activation>(graph, input, result, algorithm, slope));
    return result;
}

}  // namespace sequential
