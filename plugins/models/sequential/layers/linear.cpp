// Fully connected layer over the last axis, with bias, and a rectifier after it if there is one. It
// reads a flattened image in blocks of channels in place: its weights are permuted to that order,
// with zeros for the channels that fill up a block.
#include "graph/reorder.hpp"
#include "kernels/kernels.hpp"
#include "layers/weighted.hpp"

#include <algorithm>

namespace sequential {
namespace {

// Columns that are adjacent in the weights as Kernels::product reads them.
struct Columns {
    std::int64_t first, width, begin;  // their place: [in][width] from there on
};

Columns columns_with(const Product &m, std::int64_t column) {
    const std::int64_t block = kernels().block, first = column / (2 * block) * 2 * block;
    return {first, std::min(2 * block, round_up(m.out, block) - first), first * m.in};
}

class AffineMap final : public Operation {
  public:
    AffineMap(Graph &graph, int input, int result, const Weights &weights,
              std::optional<Rectifier> rectifier)
        : weight_(weights.weight), bias_(weights.bias), rectifier_(rectifier) {
        inputs = {input};
        outputs = {result};
        const Value &in = graph.value(input);
        lines_each_ = in.size() / weight_.shape[1];
        forward_ = {.in = in.stride() / lines_each_,
                    .out = weight_.shape[0],
                    .activation = rectifier.has_value(),
                    .slope = rectifier ? rectifier->slope : 1.0F};
        backward_ = {.in = forward_.out, .out = forward_.in, .activation = false, .slope = 1.0F};
        for (std::int64_t i = 0; i < weight_.shape[1]; ++i) places_.push_back(in.position(i));
        const std::int64_t block = kernels().block;
        packed_bias_.resize(static_cast<std::size_t>(round_up(forward_.out, block)));
        no_bias_.resize(static_cast<std::size_t>(round_up(forward_.in, block)));
        sum_stride_ = round_up(forward_.in, block);
        part_ = 8 * block;
        rows_.resize(static_cast<std::size_t>(weight_parts() * sum_stride_));
        packed_forward_.resize(
            static_cast<std::size_t>(forward_.in * round_up(forward_.out, block)));
        packed_backward_.resize(static_cast<std::size_t>(forward_.out * sum_stride_));
        sums_.resize(static_cast<std::size_t>(forward_.out * sum_stride_));
        for (std::int64_t part = 0; part < weight_parts(); ++part) pack_part(part);
    }

    void forward(Batch &batch) const override {
        kernels().product(forward_, packed_forward_.data(), packed_bias_.data(),
                          batch.end * lines_each_, batch.frame->data(inputs[0]),
                          batch.frame->data(outputs[0]));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        float *g = batch.work->gradient(outputs[0]);
        const std::int64_t lines = batch.rows * lines_each_, first = batch.first * lines_each_;
        if (rectifier_)
            kernels().rectify_gradient(batch.frame->data(outputs[0]), rectifier_->slope, g,
                                       lines * forward_.out);
        if (parameters) {
            std::copy_n(batch.frame->data(inputs[0]), lines * forward_.in,
                        x_.data() + first * forward_.in);
            std::copy_n(g, lines * forward_.out, g_.data() + first * forward_.out);
        }
        if (input)
            kernels().product(backward_, packed_backward_.data(), no_bias_.data(), lines, g,
                              batch.work->gradient(inputs[0]));
    }

    bool has_parameters() const override { return true; }
    bool reads_output() const override { return rectifier_.has_value(); }

    // There are many weights, and an example contributes little to their gradient: writing and
    // reading sums per micro-batch would be the most frequent access here.
    void expect(std::int64_t rows) override {
        lines_now_ = rows * lines_each_;
        const auto room = [](Aligned &values, std::int64_t size) {
            if (values.size() < static_cast<std::size_t>(size))
                values.resize(static_cast<std::size_t>(size));
        };
        room(x_, lines_now_ * forward_.in);
        room(g_, lines_now_ * forward_.out);
    }
    std::int64_t sum_parts() const override { return round_up(forward_.in, part_) / part_; }
    void sum_part(std::int64_t part) const override {
        const std::int64_t first = part * part_;
        kernels().product_gradient(forward_, lines_now_, first,
                                   std::min(first + part_, forward_.in), x_.data(), g_.data(),
                                   sums_.data());
    }

    std::int64_t weight_parts() const override {
        return round_up(forward_.out, outputs_each_) / outputs_each_;
    }
    void pack_part(std::int64_t part) override {
        const auto [first, last] = outputs_of(part);
        const float *from = weight_.value.data() + first * features();
        float *const row = rows_.data() + part * sum_stride_;
        for (std::int64_t o = first; o < last; ++o) {
            for (const std::int64_t place : places_) row[place] = *from++;
            for (std::int64_t i = 0; i < forward_.in; i += 2 * kernels().block) {
                const Columns columns = columns_with(backward_, i);
                std::copy_n(row + i, columns.width,
                            packed_backward_.data() + columns.begin + o * columns.width);
            }
            const Columns columns = columns_with(forward_, o);
            float *to = packed_forward_.data() + columns.begin + o - columns.first;
            for (std::int64_t i = 0; i < forward_.in; ++i) to[i * columns.width] = row[i];
        }
        if (part == 0 && bias_ != nullptr)
            std::copy(bias_->value.begin(), bias_->value.end(), packed_bias_.begin());
    }

    void deposit_part(const ParameterGradients &, std::int64_t part) const override {
        const auto [first, last] = outputs_of(part);
        const float *sum = sums_.data() + first * sum_stride_;
        float *to = weight_.gradient.data() + first * features();
        for (std::int64_t o = first; o < last; ++o, sum += sum_stride_)
            for (const std::int64_t place : places_) *to++ += sum[place];
        if (part > 0 || bias_ == nullptr) return;
        for (std::int64_t line = 0; line < lines_now_; ++line)
            kernels().add(g_.data() + line * forward_.out, bias_->gradient.data(), forward_.out);
    }

  private:
    static constexpr std::int64_t outputs_each_ = 32;  // for each part of the weights
    std::pair<std::int64_t, std::int64_t> outputs_of(std::int64_t part) const {
        return {part * outputs_each_, std::min((part + 1) * outputs_each_, forward_.out)};
    }
    std::int64_t features() const { return static_cast<std::int64_t>(places_.size()); }

    Parameter &weight_;
    Parameter *bias_;
    std::optional<Rectifier> rectifier_;
    Product forward_{}, backward_{};
    std::int64_t lines_each_ = 1;       // per example, from its other axes
    std::vector<std::int64_t> places_;  // per feature, its place in an example in memory
    Aligned rows_;  // per part, an output's weights in the order of the memory, with zeros for
                    // filling
    Aligned packed_forward_, packed_backward_, packed_bias_, no_bias_;
    // For the whole batch: inputs, gradients before the activation, and the weights' gradient [out]
    // [in, in the order of the memory], in parts of this many inputs.
    mutable Aligned x_, g_, sums_;
    std::int64_t lines_now_ = 0, sum_stride_ = 0, part_ = 0;
};

class Linear final : public Weighted {
  public:
    static constexpr About about{"linear",
                                 "fully connected layer over the last axis; images: flatten first"};
    Linear() : Weighted(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        if (graph.value(input).shape.size() > 1) input = to_plain(graph, input);
        Shape shape = graph.value(input).shape;
        const Weights weights = add_weights(builder, {out(), shape.back()});
        shape.back() = out();
        const int result = graph.add_value(shape);
        graph.add(
            std::make_unique<AffineMap>(graph, input, result, weights, builder.take_rectifier()));
        return result;
    }
};

}  // namespace

LayerKind linear() {
    return kind_of<Linear>();
}

}  // namespace sequential
