// Maximum and average over windows of an image.
#include "kernels.hpp"
#include "operations.hpp"

namespace sequential {
namespace {

class MaxPool final : public Operation {
  public:
    MaxPool(Graph &graph, int input, int result, const LayerSpec &spec,
            std::optional<Rectifier> rectifier) {
        inputs = {input};
        outputs = {result};
        const Value &in = graph.value(input), &out = graph.value(result);
        pool_ = {.blocks = round_up(in.shape[0], kernels().block) / kernels().block,
                 .height = in.shape[1],
                 .width = in.shape[2],
                 .out_height = out.shape[1],
                 .out_width = out.shape[2],
                 .kernel = spec.kernel,
                 .stride = spec.stride,
                 .padding = spec.padding,
                 .activation = rectifier.has_value(),
                 .slope = rectifier ? rectifier->slope : 1.0F};
        in_stride_ = in.stride();
        out_stride_ = out.stride();
        index_ = graph.reserve(static_cast<std::size_t>(graph.width * out_stride_));
    }

    void forward(Batch &batch) const override {
        auto *index = batch.frame->extra<std::uint8_t>(index_);
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().max_pool(pool_, batch.value(inputs[0], i), batch.value(outputs[0], i),
                               index + i * out_stride_);
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const auto *index = batch.frame->extra<std::uint8_t>(index_);
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().max_pool_gradient(pool_, index + i * out_stride_,
                                        batch.gradient(outputs[0], i),
                                        batch.gradient(inputs[0], i));
    }

    bool by_example() const override { return true; }
    bool forgets_values() const override { return true; }

  private:
    Pool pool_{};
    std::int64_t in_stride_ = 0, out_stride_ = 0;
    std::size_t index_ = 0;
};

class AveragePool final : public Operation {
  public:
    AveragePool(Graph &graph, int input, int result, const Shape &window, const Shape &strides,
                const Shape &padding) {
        inputs = {input};
        outputs = {result};
        const dnnl::memory::desc &in = graph.value(input).desc, &out = graph.value(result).desc;
        const auto algorithm = dnnl::algorithm::pooling_avg_include_padding;
        const OneThread one;
        const dnnl::pooling_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, algorithm, in, out, strides, window, padding,
             padding},
            own_scratch(), cpu());
        const dnnl::pooling_backward::primitive_desc backward(
            {algorithm, in, out, strides, window, padding, padding}, own_scratch(), cpu(), forward);
        forward_ = dnnl::pooling_forward(forward);
        backward_ = dnnl::pooling_backward(backward);
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
                {{DNNL_ARG_DIFF_DST, &batch.work->gradient(outputs[0])},
                 {DNNL_ARG_DIFF_SRC, &batch.work->gradient(inputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

  private:
    dnnl::primitive forward_, backward_;
};

void check_window(const LayerSpec &spec) {
    if (spec.kernel > 11)
        spec.fail("a kernel of at most 11 is possible, got " + std::to_string(spec.kernel));
    if (spec.padding > spec.kernel / 2)
        spec.fail("the padding may be at most half the kernel, got padding " +
                  std::to_string(spec.padding) + " and kernel " + std::to_string(spec.kernel));
}

}  // namespace

const Shape &expect_image(const Graph &graph, int input, const LayerSpec &spec) {
    const Shape &shape = graph.value(input).shape;
    if (shape.size() != 3)
        spec.fail("needs an image [channels, height, width], got " + spar::shape_text(shape));
    return shape;
}

std::int64_t window_count(const LayerSpec &spec, std::int64_t size, const Shape &shape) {
    const std::int64_t room = size + 2 * spec.padding - spec.kernel;
    if (room < 0)
        spec.fail("a kernel of " + std::to_string(spec.kernel) + " with padding " +
                  std::to_string(spec.padding) + " does not fit into an image " +
                  spar::shape_text(shape));
    return room / spec.stride + 1;
}

int add_max_pool(Graph &graph, int input, const LayerSpec &spec,
                 std::optional<Rectifier> rectifier) {
    const Shape in = expect_image(graph, input, spec);
    check_window(spec);
    input = to_blocked(graph, input);
    const Shape out{in[0], window_count(spec, in[1], in), window_count(spec, in[2], in)};
    const int result = graph.add_value(out, blocked_desc(graph.with_width(out)), true);
    graph.add(std::make_unique<MaxPool>(graph, input, result, spec, rectifier));
    return result;
}

int add_average_pool(Graph &graph, int input, const LayerSpec &spec) {
    const Shape in = expect_image(graph, input, spec);
    Shape out{in[0], 1, 1}, window{in[1], in[2]}, strides{1, 1}, padding{0, 0};
    if (spec.type != "global_avgpool") {
        check_window(spec);
        out = {in[0], window_count(spec, in[1], in), window_count(spec, in[2], in)};
        window = {spec.kernel, spec.kernel};
        strides = {spec.stride, spec.stride};
        padding = {spec.padding, spec.padding};
    }
    input = to_blocked(graph, input);
    const int result = graph.add_value(out, blocked_desc(graph.with_width(out)), true);
    graph.add(std::make_unique<AveragePool>(graph, input, result, window, strides, padding));
    return result;
}

}  // namespace sequential
