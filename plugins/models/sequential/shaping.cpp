// Operations that move or scale values without parameters: changes of layout, flatten, dropout,
// normalize.
#include "operations.hpp"

#include <algorithm>

#include <spar/philox.hpp>

#include <cmath>

namespace sequential {
namespace {

class Reorder final : public Operation {
  public:
    Reorder(Graph &graph, int input, int result) {
        inputs = {input};
        outputs = {result};
        const dnnl::memory::desc &from = graph.value(input).desc, &to = graph.value(result).desc;
        const OneThread one;
        const dnnl::reorder::primitive_desc forward(cpu(), from, cpu(), to, own_scratch());
        const dnnl::reorder::primitive_desc backward(cpu(), to, cpu(), from, own_scratch());
        forward_ = dnnl::reorder(forward);
        backward_ = dnnl::reorder(backward);
        graph.reserve_scratch(forward.scratchpad_desc().get_size());
        graph.reserve_scratch(backward.scratchpad_desc().get_size());
    }

    void forward(Batch &batch) const override {
        execute(forward_, batch.work->stream,
                {{DNNL_ARG_FROM, &batch.frame->value(inputs[0])},
                 {DNNL_ARG_TO, &batch.frame->value(outputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        execute(backward_, batch.work->stream,
                {{DNNL_ARG_FROM, &batch.work->gradient(outputs[0])},
                 {DNNL_ARG_TO, &batch.work->gradient(inputs[0])},
                 {DNNL_ARG_SCRATCHPAD, &batch.work->scratch}});
    }

  private:
    dnnl::primitive forward_, backward_;
};

int reordered(Graph &graph, int input, const dnnl::memory::desc &desc, bool blocked) {
    const int result = graph.add_value(graph.value(input).shape, desc, blocked);
    graph.add(std::make_unique<Reorder>(graph, input, result));
    return result;
}

class Dropout final : public Operation {
  public:
    Dropout(Graph &graph, int input, int result, double probability, std::uint32_t ordinal)
        : value_(graph.value(result)),
          stride_(value_.stride()),
          size_(value_.size()),
          probability_(static_cast<float>(probability)),
          ordinal_(ordinal) {
        inputs = {input};
        outputs = {result};
        factors_ = graph.reserve(static_cast<std::size_t>(graph.width * stride_) * sizeof(float));
    }

    void forward(Batch &batch) const override {
        float *factors = batch.frame->extra<float>(factors_);
        const float *x = batch.frame->data(inputs[0]);
        float *y = batch.frame->data(outputs[0]);
        const float scale = 1.0F / (1.0F - probability_);
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            float *factor = factors + row * stride_;
            spar::Random random(batch.key, batch.ids != nullptr ? batch.ids[row] : 0, ordinal_);
            for (std::int64_t i = 0; i < size_; ++i) {
                const bool keep = !batch.training || random.uniform(i) >= probability_;
                factor[value_.position(i)] = keep ? (batch.training ? scale : 1.0F) : 0.0F;
            }
        }
        for (std::int64_t i = 0; i < batch.rows * stride_; ++i) y[i] = x[i] * factors[i];
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const float *factors = batch.frame->extra<float>(factors_);
        const float *g = batch.work->gradient_data(outputs[0]);
        float *dx = batch.work->gradient_data(inputs[0]);
        for (std::int64_t i = 0; i < batch.rows * stride_; ++i) dx[i] = g[i] * factors[i];
    }

  private:
    Value value_;
    std::int64_t stride_, size_;
    float probability_;
    std::uint32_t ordinal_;
    std::size_t factors_ = 0;
};

class Normalize final : public Operation {
  public:
    Normalize(Graph &graph, int input, int result, const LayerSpec &spec)
        : channels_(graph.value(input).shape[0]), plane_(graph.value(input).size() / channels_) {
        inputs = {input};
        outputs = {result};
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c) {
            mean_.push_back(static_cast<float>(spec.mean[spec.mean.size() == 1 ? 0 : c]));
            scale_.push_back(
                static_cast<float>(1.0 / spec.deviation[spec.deviation.size() == 1 ? 0 : c]));
        }
    }

    void forward(Batch &batch) const override {
        const float *x = batch.frame->data(inputs[0]);
        float *y = batch.frame->data(outputs[0]);
        for_each(batch,
                 [&](std::int64_t i, std::size_t c) { y[i] = (x[i] - mean_[c]) * scale_[c]; });
    }

    void backward(Batch &batch, bool input, bool) const override {
        if (!input) return;
        const float *g = batch.work->gradient_data(outputs[0]);
        float *dx = batch.work->gradient_data(inputs[0]);
        for_each(batch, [&](std::int64_t i, std::size_t c) { dx[i] = g[i] * scale_[c]; });
    }

  private:
    template <class Work>
    void for_each(const Batch &batch, Work work) const {
        std::int64_t i = 0;
        for (std::int64_t row = 0; row < batch.end; ++row)
            for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c)
                for (const std::int64_t end = i + plane_; i < end; ++i) work(i, c);
    }

    std::int64_t channels_, plane_;
    std::vector<float> mean_, scale_;
};

}  // namespace

int to_blocked(Graph &graph, int input) {
    const Value value = graph.value(input);
    if (value.blocked) return input;
    return reordered(graph, input, blocked_desc(value.desc.dims()), true);
}

int to_plain(Graph &graph, int input) {
    const Value value = graph.value(input);
    if (!value.blocked) return input;
    return reordered(graph, input, plain_desc(value.desc.dims()), false);
}

int add_flatten(Graph &graph, int input) {
    const Value value = graph.value(input);
    const Shape flat{value.size()};
    return graph.add_view(input, flat,
                          value.blocked ? value.desc : plain_desc(graph.with_width(flat)));
}

int add_dropout(Graph &graph, int input, const LayerSpec &spec, std::uint32_t ordinal) {
    const Value in = graph.value(input);
    const int result = graph.add_value(in.shape, in.desc, in.blocked);
    graph.add(std::make_unique<Dropout>(graph, input, result, spec.probability, ordinal));
    return result;
}

int add_normalize(Graph &graph, int input, const LayerSpec &spec) {
    const auto channels = static_cast<std::size_t>(graph.value(input).shape[0]);
    const auto check = [&](const std::vector<double> &numbers, const char *what) {
        if (numbers.size() != 1 && numbers.size() != channels)
            spec.fail(std::string(what) + " needs one number, or one a channel (" +
                      std::to_string(channels) + "), got " + std::to_string(numbers.size()));
    };
    check(spec.mean, "mean");
    check(spec.deviation, "std");
    input = to_plain(graph, input);
    const Value in = graph.value(input);
    const int result = graph.add_value(in.shape, in.desc, false);
    graph.add(std::make_unique<Normalize>(graph, input, result, spec));
    return result;
}

}  // namespace sequential
