// The largest of each value over the positions of a text (Collobert et al. 2011: max over time);
// zero for a text that is all padding.
#include "graph/reorder.hpp"
#include "layers/builder.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Largest final : public Operation {
  public:
    Largest(Graph &graph, int input, int result, const Padding &padding)
        : padding_(padding),
          length_(graph.value(input).shape[0]),
          dim_(graph.value(input).shape[1]) {
        inputs = {input};
        outputs = {result};
        tokens_ = graph.reserve(static_cast<std::size_t>(graph.width * length_));
        places_ = graph.reserve(static_cast<std::size_t>(graph.width * dim_) * sizeof(int));
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row) {
            auto *tokens = batch.frame->extra<std::uint8_t>(tokens_) + row * length_;
            padding_.tokens(batch, row, length_, tokens);
            int *places = batch.frame->extra<int>(places_) + row * dim_;
            float *y = batch.value(outputs[0], row);
            std::fill_n(places, dim_, -1);
            std::fill_n(y, dim_, 0.0F);
            for (std::int64_t i = 0; i < length_; ++i) {
                const float *x = batch.value(inputs[0], row) + i * dim_;
                for (std::int64_t c = 0; tokens[i] != 0 && c < dim_; ++c)
                    // Not x > y: what is no number wins, and does not vanish.
                    if (places[c] < 0 || !(x[c] <= y[c])) {
                        y[c] = x[c];
                        places[c] = static_cast<int>(i);
                    }
            }
        }
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row) {
            const int *places = batch.frame->extra<int>(places_) + row * dim_;
            const float *g = batch.gradient(outputs[0], row);
            float *dx = batch.gradient(inputs[0], row);
            std::fill_n(dx, length_ * dim_, 0.0F);
            for (std::int64_t c = 0; c < dim_; ++c)
                if (places[c] >= 0) dx[places[c] * dim_ + c] = g[c];
        }
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }
    bool resize(Graph &graph) override {
        length_ = graph.value(inputs[0]).shape[0];
        return true;
    }

  private:
    Padding padding_;
    std::int64_t length_, dim_;
    std::size_t tokens_ = 0, places_ = 0;
};

class MaxOverPositions final : public Layer {
  public:
    static constexpr About about{
        "max_over_positions", "maximum of each value over the vectors of a text, ignoring padding"};
    MaxOverPositions() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const std::int64_t dim = expect_vectors(graph, input)[1];
        const int result = graph.add_value({dim});
        graph.add(
            std::make_unique<Largest>(graph, to_plain(graph, input), result, builder.padding));
        return result;
    }
    bool pools() const override { return true; }
};

}  // namespace

LayerKind max_over_positions() {
    return kind_of<MaxOverPositions>();
}

}  // namespace sequential
