// Mean over windows of an image, or over each of its channels.
#include "graph/reorder.hpp"
#include "layers/pool.hpp"

namespace sequential {
namespace {

class AveragePooling final : public Operation {
  public:
    AveragePooling(const Graph &graph, int input, int result, const Window &window)
        : pool_(pool_over(graph, input, result, window)) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().average_pool(pool_, batch.value(inputs[0], row),
                                   batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            kernels().average_pool_gradient(pool_, batch.gradient(outputs[0], row),
                                            batch.gradient(inputs[0], row));
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    Pool pool_;
};

class AveragePool final : public WindowedPool {
  public:
    static constexpr About about{"avgpool", "mean over windows, padding counted as zeros"};
    AveragePool() : WindowedPool(about) {}

    int add(Graph &graph, int input, const Shape &shape, const Window &window) const override {
        return add_average_pool(graph, input, shape, window);
    }
};

/// Mean of each channel.
class ChannelMeans final : public Operation {
  public:
    ChannelMeans(const Graph &graph, int input, int result)
        : blocks_(graph.value(result).stride() / kernels().block),
          plane_(graph.value(input).image[1] * graph.value(input).image[2]) {
        inputs = {input};
        outputs = {result};
    }

    void forward(Batch &batch) const override {
        for (std::int64_t row = batch.begin; row < batch.end; ++row)
            kernels().channel_means(blocks_, plane_, batch.value(inputs[0], row),
                                    batch.value(outputs[0], row));
    }

    void backward(Batch &batch, bool input, bool) const override {
        for (std::int64_t row = batch.begin; input && row < batch.end; ++row)
            kernels().channel_means_gradient(blocks_, plane_, batch.gradient(outputs[0], row),
                                             batch.gradient(inputs[0], row));
    }

    bool by_example() const override { return true; }
    bool backward_without_values() const override { return true; }
    bool reads_output() const override { return false; }

  private:
    std::int64_t blocks_, plane_;
};

class GlobalAveragePool final : public Layer {
  public:
    static constexpr About about{"global_avgpool", "mean over each channel"};
    GlobalAveragePool() : Layer(about) {}

    int build(Builder &builder, int input) const override {
        return add_channel_means(builder.graph, input);
    }
    bool pools() const override { return true; }
};

}  // namespace

int add_average_pool(Graph &graph, int input, const Shape &shape, const Window &window) {
    input = to_blocked(graph, input);
    const int result = graph.add_value(shape, shape);
    graph.add(std::make_unique<AveragePooling>(graph, input, result, window));
    return result;
}

int add_channel_means(Graph &graph, int input) {
    const Shape shape{expect_image(graph, input)[0], 1, 1};
    input = to_blocked(graph, input);
    const int result = graph.add_value(shape, shape);
    graph.add(std::make_unique<ChannelMeans>(graph, input, result));
    return result;
}

LayerKind avgpool() {
    return kind_of<AveragePool>();
}

LayerKind global_avgpool() {
    return kind_of<GlobalAveragePool>();
}

}  // namespace sequential
