#include "layers/dense.hpp"

#include <algorithm>
#include <numeric>

namespace sequential {
namespace {

// The columns that lie side by side in weights as Kernels::product reads them.
struct Columns {
    std::int64_t first, width, begin;  // where they lie: [in][width] from there on
};

Columns columns_with(const Product &m, std::int64_t column) {
    const std::int64_t block = kernels().block, first = column / (2 * block) * 2 * block;
    return {first, std::min(2 * block, round_up(m.out, block) - first), first * m.in};
}

/// Every line of the input, which may be an image in blocks as it lies.
class AffineMap final : public DenseOperation {
  public:
    AffineMap(const Graph &graph, int input, int result, const Weights &weights,
              std::vector<std::int64_t> places, std::optional<Rectifier> rectifier)
        : AffineMap(graph.value(input).stride(), graph.value(result).size() / weights.outputs(),
                    weights, std::move(places), rectifier) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        dense_.forward(batch.end * lines_each_, batch.frame->data(inputs[0]),
                       batch.frame->data(outputs[0]));
    }

    void backward(Batch &batch, bool input, bool parameters) const override {
        float *g = batch.work->gradient(outputs[0]);
        const std::int64_t lines = batch.rows * lines_each_;
        if (rectifier_)
            kernels().rectify_gradient(batch.frame->data(outputs[0]), rectifier_->slope, g,
                                       lines * dense_.out());
        if (parameters)
            dense_.keep(batch.first * lines_each_, lines, batch.frame->data(inputs[0]), g);
        if (input) dense_.gradient(lines, g, batch.work->gradient(inputs[0]));
    }

    bool reads_output() const override { return rectifier_.has_value(); }
    bool resize(Graph &graph) override {
        Shape &shape = graph.value(outputs[0]).shape;
        shape = graph.value(inputs[0]).shape;
        shape.back() = dense_.out();
        lines_each_ = spar::product(shape) / dense_.out();
        return true;
    }

  private:
    AffineMap(std::int64_t stride, std::int64_t lines_each, const Weights &weights,
              std::vector<std::int64_t> places, std::optional<Rectifier> rectifier)
        : DenseOperation(lines_each,
                         Dense(weights, stride / lines_each, std::move(places),
                               rectifier ? std::optional(rectifier->slope) : std::nullopt)),
          rectifier_(rectifier) {}

    std::optional<Rectifier> rectifier_;
};

}  // namespace

Dense::Dense(const Weights &weights, std::int64_t in, std::vector<std::int64_t> places,
             std::optional<float> rectifier)
    : weight_(weights.weight),
      bias_(weights.bias),
      begin_(weights.first),
      forward_{.in = in,
               .out = weights.outputs(),
               .activation = rectifier.has_value(),
               .slope = rectifier.value_or(1.0F)},
      backward_{.in = forward_.out, .out = in, .activation = false, .slope = 1.0F},
      places_(std::move(places)) {
    if (places_.empty()) {
        places_.resize(static_cast<std::size_t>(in));
        std::iota(places_.begin(), places_.end(), std::int64_t{0});
    }
    const std::int64_t block = kernels().block;
    packed_bias_.resize(static_cast<std::size_t>(round_up(forward_.out, block)));
    no_bias_.resize(static_cast<std::size_t>(round_up(forward_.in, block)));
    sum_stride_ = round_up(forward_.in, block);
    part_ = 8 * block;
    panel_ = 4 * block;
    rows_.resize(static_cast<std::size_t>(weight_parts() * sum_stride_));
    packed_forward_.resize(static_cast<std::size_t>(forward_.in * round_up(forward_.out, block)));
    packed_backward_.resize(static_cast<std::size_t>(forward_.out * sum_stride_));
    sums_.resize(static_cast<std::size_t>(forward_.out * sum_stride_));
    for (std::int64_t part = 0; part < weight_parts(); ++part) pack_part(part);
}

void Dense::forward(std::int64_t lines, const float *x, float *y) const {
    kernels().product(forward_, packed_forward_.data(), packed_bias_.data(), lines, x, y);
}

void Dense::gradient(std::int64_t lines, const float *g, float *dx) const {
    kernels().product(backward_, packed_backward_.data(), no_bias_.data(), lines, g, dx);
}

void Dense::expect(std::int64_t lines) {
    lines_now_ = lines;
    const auto room = [](Aligned &values, std::int64_t size) {
        if (values.size() < static_cast<std::size_t>(size))
            values.resize(static_cast<std::size_t>(size));
    };
    room(x_, x_panel() * (round_up(forward_.in, panel_) / panel_));
    room(g_, g_panel() * (round_up(forward_.out, kept_outs) / kept_outs));
}

void Dense::keep(std::int64_t first, std::int64_t lines, const float *x, const float *g) const {
    const auto spread = [&](const float *from, std::int64_t width, std::int64_t panel,
                            std::int64_t stride, float *to) {
        for (std::int64_t line = first; line < first + lines; ++line, from += width)
            for (std::int64_t i = 0; i < width; i += panel)
                std::copy_n(from + i, std::min(panel, width - i),
                            to + i / panel * stride + line * panel);
    };
    spread(x, forward_.in, panel_, x_panel(), x_.data());
    spread(g, forward_.out, kept_outs, g_panel(), g_.data());
}

void Dense::sum_part(std::int64_t part) const {
    const std::int64_t first = part * part_;
    kernels().product_gradient(forward_, {x_.data(), g_.data(), x_panel(), g_panel()}, lines_now_,
                               first, std::min(first + part_, forward_.in), sums_.data());
}

void Dense::pack_part(std::int64_t part) {
    const auto [first, last] = outputs_of(part);
    const float *from = weight_.value.data() + (begin_ + first) * features();
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
        std::copy_n(bias_->value.data() + begin_, forward_.out, packed_bias_.data());
}

void Dense::deposit_part(std::int64_t part) const {
    const auto [first, last] = outputs_of(part);
    const float *sum = sums_.data() + first * sum_stride_;
    float *to = weight_.gradient.data() + (begin_ + first) * features();
    for (std::int64_t o = first; o < last; ++o, sum += sum_stride_)
        for (const std::int64_t place : places_) *to++ += sum[place];
    if (part > 0 || bias_ == nullptr) return;
    for (std::int64_t o = 0; o < forward_.out; o += kept_outs)
        kernels().add_kept(lines_now_, std::min(kept_outs, forward_.out - o),
                           g_.data() + o / kept_outs * g_panel(),
                           bias_->gradient.data() + begin_ + o);
}

int add_dense(Graph &graph, int input, const Weights &weights, std::vector<std::int64_t> places,
              std::optional<Rectifier> rectifier) {
    Shape shape = graph.value(input).shape;
    shape.back() = weights.outputs();
    const int result = graph.add_value(shape);
    graph.add(
        std::make_unique<AffineMap>(graph, input, result, weights, std::move(places), rectifier));
    return result;
}

}  // namespace sequential
