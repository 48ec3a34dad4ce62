#include "graph/reorder.hpp"

#include "kernels/kernels.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Reorder final : public Operation {
  public:
    Reorder(const Graph &graph, int input, int result) : blocks_(graph.value(result).blocked()) {
        inputs = {input};
        outputs = {result};
        const Shape &image = graph.value(blocks_ ? result : input).image;
        channels_ = image[0];
        plane_ = image[1] * image[2];
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            move(blocks_, batch.value(inputs[0], row), batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            move(!blocks_, batch.gradient(outputs[0], row), batch.gradient(inputs[0], row));
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    void move(bool into_blocks, const float *from, float *to) const {
        const std::int64_t block = kernels().block;
        for (std::int64_t first = 0; first < channels_; first += block) {
            const std::int64_t count = std::min(block, channels_ - first);
            if (into_blocks && count < block)
                std::fill_n(to + first * plane_, block * plane_, 0.0F);
            for (std::int64_t c = 0; c < count; ++c)
                for (std::int64_t i = 0; i < plane_; ++i) {
                    const std::int64_t plain = (first + c) * plane_ + i;
                    const std::int64_t blocked = first * plane_ + i * block + c;
                    if (into_blocks)
                        to[blocked] = from[plain];
                    else
                        to[plain] = from[blocked];
                }
        }
    }

    bool blocks_;
    std::int64_t channels_, plane_;
};

int reordered(Graph &graph, int input, const Shape &image) {
    const int result = graph.add_value(graph.value(input).shape, image);
    graph.add(std::make_unique<Reorder>(graph, input, result));
    return result;
}

}  // namespace

int to_blocked(Graph &graph, int input) {
    const Value &value = graph.value(input);
    if (value.blocked()) return input;
    return reordered(graph, input,
                     value.shape.size() == 3 ? value.shape : Shape{value.size(), 1, 1});
}

int to_plain(Graph &graph, int input) {
    return graph.value(input).blocked() ? reordered(graph, input, {}) : input;
}

}  // namespace sequential
