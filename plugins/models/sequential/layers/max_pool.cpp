// Maximum over windows of an image.
#include "graph/reorder.hpp"
#include "layers/pool.hpp"

namespace sequential {
namespace {

class MaxPooling final : public Operation {
  public:
    MaxPooling(Graph &graph, int input, int result, const Window &window)
        : pool_(pool_over(graph, input, result, window)),
          out_stride_(graph.value(result).stride()) {
        inputs = {input};
        outputs = {result};
        pool_.activation = graph.value(input).rectified.has_value();
        pool_.slope = graph.value(input).rectified.value_or(1.0F);
        index_ = graph.reserve(static_cast<std::size_t>(graph.width * out_stride_));
    }

    void forward(Batch &batch) const override {
        auto *index = batch.frame->extra<std::uint8_t>(index_);
        for (std::int64_t i = batch.begin; i < batch.end; ++i)
            kernels().max_pool(pool_, batch.value(inputs[0], i), batch.value(outputs[0], i),
                               index + i * out_stride_);
    }

    void backward(Batch &batch, bool input, bool) const override {
        const auto *index = batch.frame->extra<std::uint8_t>(index_);
        for (std::int64_t i = batch.begin; input && i < batch.end; ++i)
            kernels().max_pool_gradient(pool_, index + i * out_stride_,
                                        batch.gradient(outputs[0], i),
                                        batch.gradient(inputs[0], i));
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    Pool pool_;
    std::int64_t out_stride_;
    std::size_t index_ = 0;
};

class MaxPool final : public WindowedPool {
  public:
    static constexpr About about{"maxpool", "maximum over windows"};
    MaxPool() : WindowedPool(about) {}

    int add(Graph &graph, int input, const Shape &shape, const Window &window) const override {
        return add_max_pool(graph, input, shape, window);
    }
    bool applies_rectifier_gradient() const override { return true; }
};

}  // namespace

int add_max_pool(Graph &graph, int input, const Shape &shape, const Window &window) {
    input = to_blocked(graph, input);
    const int result = graph.add_value(shape, shape);
    graph.add(std::make_unique<MaxPooling>(graph, input, result, window));
    return result;
}

LayerKind maxpool() {
    return kind_of<MaxPool>();
}

}  // namespace sequential
