// Shifts and scales channels by given numbers, the usual preprocessing of data.
#include "graph/reorder.hpp"
#include "layers/builder.hpp"

namespace sequential {
namespace {

class Scaling final : public Operation {
  public:
    Scaling(const Graph &graph, int input, int result, const std::vector<double> &mean,
            const std::vector<double> &deviation)
        : plane_(graph.value(input).size() / graph.value(input).shape[0]) {
        inputs = {input};
        outputs = {result};
        for (std::size_t c = 0; c < static_cast<std::size_t>(graph.value(input).shape[0]); ++c) {
            mean_.push_back(static_cast<float>(mean[mean.size() == 1 ? 0 : c]));
            scale_.push_back(static_cast<float>(1.0 / deviation[deviation.size() == 1 ? 0 : c]));
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
        const float *g = batch.work->gradient(outputs[0]);
        float *dx = batch.work->gradient(inputs[0]);
        for_each(batch, [&](std::int64_t i, std::size_t c) { dx[i] = g[i] * scale_[c]; });
    }

    bool reads_output() const override { return false; }

  private:
    template <class Work>
    void for_each(const Batch &batch, Work work) const {
        std::int64_t i = 0;
        for (std::int64_t row = 0; row < batch.end; ++row)
            for (std::size_t c = 0; c < mean_.size(); ++c)
                for (const std::int64_t end = i + plane_; i < end; ++i) work(i, c);
    }

    std::int64_t plane_;
    std::vector<float> mean_, scale_;
};

class Normalize final : public Layer {
  public:
    static constexpr About about{"normalize", "(x - mean) / std, a channel"};
    Normalize() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const auto channels = static_cast<std::size_t>(graph.value(input).shape[0]);
        for (const auto *numbers : {&mean_, &deviation_})
            if ((*numbers)->size() != 1 && (*numbers)->size() != channels)
                throw spar::invalid(numbers->name() + " needs one number, or one a channel (" +
                                    std::to_string(channels) + "), got " +
                                    std::to_string((*numbers)->size()));
        input = to_plain(graph, input);
        const int result = graph.add_value(graph.value(input).shape);
        graph.add(std::make_unique<Scaling>(graph, input, result, *mean_, *deviation_));
        return result;
    }

  private:
    spar::Numbers mean_{
        this, "mean", "subtracted: one number, or one a channel", {}, {.min_items = 1}};
    spar::Numbers deviation_{
        this, "std", "divided by: one number, or one a channel", {.above = 0}, {.min_items = 1}};
};

}  // namespace

LayerKind normalize() {
    return kind_of<Normalize>();
}

}  // namespace sequential
