// Fully connected layer with bias, and a rectifier behind it if there is one. It reads a flattened
// image in blocks of channels as it lies: its weights are brought into that order, with zeros for
// the channels that fill up a block. The gradient of its parameters is oneDNN's.
#include "kernels.hpp"
#include "operations.hpp"

#include <algorithm>

namespace sequential {
namespace {

using dnnl::memory;

// Weights as Kernels::product reads them, from weight(in, out); zeros beyond `out`.
template <class Weight>
void pack(Aligned &packed, std::int64_t in, std::int64_t out, Weight weight) {
    const std::int64_t block = kernels().block, whole = round_up(out, block);
    packed.resize(static_cast<std::size_t>(in * whole));
    auto to = packed.begin();
    for (std::int64_t first = 0; first < whole; first += 2 * block) {
        const std::int64_t last = std::min(first + 2 * block, whole);
        for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t o = first; o < last; ++o) *to++ = o < out ? weight(i, o) : 0.0F;
    }
}

class Linear final : public Operation {
  public:
    Linear(Graph &graph, int input, int result, Parameter &weight, Parameter *bias,
           std::optional<Rectifier> rectifier)
        : weight_(weight), bias_(bias), rectifier_(rectifier) {
        inputs = {input};
        outputs = {result};
        const Value &in = graph.value(input);
        forward_ = {.in = in.stride(),
                    .out = weight.shape[0],
                    .activation = rectifier.has_value(),
                    .slope = rectifier ? rectifier->slope : 1.0F};
        backward_ = {.in = forward_.out, .out = forward_.in, .activation = false, .slope = 1.0F};
        source_.assign(static_cast<std::size_t>(forward_.in), -1);
        for (std::int64_t i = 0; i < weight.shape[1]; ++i)
            source_[static_cast<std::size_t>(in.position(i))] = i;
        const std::int64_t block = kernels().block;
        packed_bias_.resize(static_cast<std::size_t>(round_up(forward_.out, block)));
        no_bias_.resize(static_cast<std::size_t>(round_up(forward_.in, block)));
        plan_gradient(graph);
        pack();
    }

    void forward(Batch &batch) const override {
        kernels().product(forward_, packed_forward_.data(), packed_bias_.data(), batch.end,
                          batch.frame->data(inputs[0]), batch.frame->data(outputs[0]));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        float *g = batch.work->gradient_data(outputs[0]);
        if (rectifier_)
            kernels().rectify_gradient(batch.frame->data(outputs[0]), rectifier_->slope, g,
                                       batch.end * forward_.out);
        if (parameters)
            execute(gradient_, batch.work->stream,
                    {{DNNL_ARG_SRC, &batch.frame->value(inputs[0])},
                     {DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                     {DNNL_ARG_DIFF_WEIGHTS, &batch.gradients->slot(weight_slot_)},
                     {DNNL_ARG_DIFF_BIAS, &batch.gradients->slot(bias_slot_)},
                     {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
        if (input)
            kernels().product(backward_, packed_backward_.data(), no_bias_.data(), batch.end, g,
                              batch.work->gradient_data(inputs[0]));
    }

    bool has_parameters() const override { return true; }

    void pack() override {
        const float *weight = weight_.value.data();
        const std::int64_t features = weight_.shape[1];
        const auto at = [&](std::int64_t i, std::int64_t o) {
            const std::int64_t from = source_[static_cast<std::size_t>(i)];
            return from < 0 ? 0.0F : weight[o * features + from];
        };
        sequential::pack(packed_forward_, forward_.in, forward_.out, at);
        sequential::pack(packed_backward_, backward_.in, backward_.out,
                         [&](std::int64_t o, std::int64_t i) { return at(i, o); });
        if (bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void deposit(const ParameterGradients &gradients) const override {
        copy(gradients.slot(weight_slot_), sum_);
        const auto *sum = static_cast<const float *>(sum_.get_data_handle());
        const std::int64_t features = weight_.shape[1];
        for (std::int64_t o = 0; o < forward_.out; ++o)
            for (std::int64_t i = 0; i < forward_.in; ++i) {
                const std::int64_t to = source_[static_cast<std::size_t>(i)];
                if (to >= 0)
                    weight_.gradient[static_cast<std::size_t>(o * features + to)] +=
                        sum[o * forward_.in + i];
            }
        if (bias_ == nullptr) return;
        const memory &slot = gradients.slot(bias_slot_);
        kernels().add(static_cast<const float *>(slot.get_data_handle()), bias_->gradient.data(),
                      static_cast<std::int64_t>(bias_->gradient.size()));
    }

  private:
    void plan_gradient(Graph &graph) {
        const memory::desc in = plain_desc({graph.width, forward_.in});
        const memory::desc out = plain_desc({graph.width, forward_.out});
        const memory::desc weights = any_desc({forward_.out, forward_.in});
        const memory::desc bias = plain_desc({forward_.out});
        const OneThread one;
        const dnnl::inner_product_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, in, weights, bias, out}, own_scratch(), cpu());
        const dnnl::inner_product_backward_weights::primitive_desc gradient(
            {in, weights, bias, out}, own_scratch(), cpu(), forward);
        gradient_ = dnnl::inner_product_backward_weights(gradient);
        graph.reserve_scratch(gradient.scratchpad_desc().get_size());
        weight_slot_ = graph.add_gradient_slot(gradient.diff_weights_desc());
        bias_slot_ = graph.add_gradient_slot(bias);
        sum_ = zeroed(plain_desc({forward_.out, forward_.in}));
    }

    Parameter &weight_;
    Parameter *bias_;
    std::optional<Rectifier> rectifier_;
    Product forward_{}, backward_{};
    std::vector<std::int64_t> source_;  // of a value as it lies, its feature; -1 for filling
    Aligned packed_forward_, packed_backward_, packed_bias_, no_bias_;
    dnnl::primitive gradient_;
    memory sum_;
    int weight_slot_ = 0, bias_slot_ = 0;
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
