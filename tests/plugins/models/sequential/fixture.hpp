// Networks, batches and threads for the tests of the sequential model's engine.
#pragma once

#include "graph/executor.hpp"
#include "layers/network.hpp"

#include <spar/philox.hpp>

#include <thread>

namespace fixture {

using namespace sequential;

/// `threads` threads that take pieces in any order.
class Threads final : public Parallel {
  public:
    explicit Threads(int threads) : threads_(threads) {}
    void run(std::int64_t count, Work work, void *context) const override {
        std::atomic<std::int64_t> next{0};
        const auto serve = [&] {
            for (std::int64_t i = next++; i < count; i = next++) work(context, i);
        };
        std::vector<std::thread> others;
        for (int t = 1; t < threads_; ++t) others.emplace_back(serve);
        serve();
        for (std::thread &other : others) other.join();
    }

  private:
    int threads_;
};

inline LayerSpec layer(const std::string &type) {
    LayerSpec spec;
    spec.type = type;
    return spec;
}
inline LayerSpec conv(std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                      std::int64_t padding = 0) {
    LayerSpec spec = layer("conv");
    spec.out = out;
    spec.kernel = kernel;
    spec.stride = stride;
    spec.padding = padding;
    return spec;
}
inline LayerSpec linear(std::int64_t out) {
    LayerSpec spec = layer("linear");
    spec.out = out;
    return spec;
}
inline LayerSpec pool(const std::string &type, std::int64_t kernel, std::int64_t stride,
                      std::int64_t padding = 0) {
    LayerSpec spec = layer(type);
    spec.kernel = kernel;
    spec.stride = stride;
    spec.padding = padding;
    return spec;
}
inline LayerSpec dropout(double probability) {
    LayerSpec spec = layer("dropout");
    spec.probability = probability;
    return spec;
}
inline LayerSpec leaky(double slope) {
    LayerSpec spec = layer("leaky_relu");
    spec.slope = slope;
    return spec;
}
inline LayerSpec unbiased(LayerSpec spec) {
    spec.bias = false;
    return spec;
}
inline LayerSpec groupnorm(std::int64_t groups) {
    LayerSpec spec = layer("groupnorm");
    spec.groups = groups;
    return spec;
}
inline LayerSpec residual(std::vector<LayerSpec> body, std::vector<LayerSpec> shortcut = {}) {
    LayerSpec spec = layer("residual");
    spec.body = std::move(body);
    spec.shortcut = std::move(shortcut);
    return spec;
}

/// A little pre-activation network: a block that keeps the shape, and one that halves the image.
inline std::vector<LayerSpec> small_resnet(std::int64_t width = 16) {
    const LayerSpec bn = layer("batchnorm"), relu = layer("relu");
    const auto plain = [](std::int64_t out, std::int64_t kernel, std::int64_t stride) {
        return unbiased(conv(out, kernel, stride, kernel / 2));
    };
    return {plain(width, 3, 1),
            residual({bn, relu, plain(width, 3, 1), bn, relu, plain(width, 3, 1)}),
            bn,
            relu,
            residual({plain(2 * width, 3, 2), bn, relu, plain(2 * width, 3, 1)},
                     {plain(2 * width, 1, 2)}),
            bn,
            relu,
            layer("global_avgpool"),
            layer("flatten"),
            linear(3)};
}

/// The four convolutions and three linear layers of the MNIST experiments of TRADES and YOPO.
inline std::vector<LayerSpec> small_cnn() {
    return {conv(32, 3),      layer("relu"), conv(32, 3),   layer("relu"), pool("maxpool", 2, 2),
            conv(64, 3),      layer("relu"), conv(64, 3),   layer("relu"), pool("maxpool", 2, 2),
            layer("flatten"), linear(200),   layer("relu"), dropout(0.5),  linear(200),
            layer("relu"),    linear(10)};
}

inline std::vector<float> numbers(std::int64_t count, std::uint64_t key, float low = 0,
                                  float high = 1) {
    spar::Random random(key, 0);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = random.uniform(static_cast<std::int64_t>(i), low, high);
    return values;
}

/// The gradient at the outputs of row r, value k: some fixed function of both and of the output.
inline float cotangent(std::int64_t row, std::int64_t k, float output) {
    return static_cast<float>((row * 7 + k * 3) % 11) * 0.2F - 0.9F + 0.1F * output;
}

struct HeadContext {
    std::int64_t outputs;
    const std::int64_t *ids;
};

inline spar_status head(void *context, std::int64_t first, std::int64_t count, const float *outputs,
                        float *gradients, spar_error *) {
    const auto &c = *static_cast<const HeadContext *>(context);
    for (std::int64_t i = 0; gradients != nullptr && i < count * c.outputs; ++i)
        gradients[i] = cotangent(c.ids[first + i / c.outputs], i % c.outputs, outputs[i]);
    return SPAR_OK;
}

/// All that one pass gives.
struct Result {
    std::vector<float> outputs, dx, gradients;
};

/// A network that keeps its threads and its executor together.
struct Net {
    Net(const std::vector<LayerSpec> &layers, Shape input, int threads = 1, std::uint64_t key = 1,
        std::optional<std::size_t> first_stage = {})
        : parallel(threads),
          graph(build_network(layers, input, key, first_stage)),
          executor(*graph, parallel),
          size(spar::product(input)),
          outputs(graph->value(graph->output).size()) {}

    std::vector<float> gradients() {
        std::vector<float> all;
        for (std::int64_t i = 0; i < graph->parameters.size(); ++i)
            all.insert(all.end(), graph->parameters[i].gradient.begin(),
                       graph->parameters[i].gradient.end());
        return all;
    }
    void zero_gradients() {
        for (std::int64_t i = 0; i < graph->parameters.size(); ++i)
            for (float &value : graph->parameters[i].gradient) value = 0;
    }

    Result pass(const std::vector<float> &x, const std::vector<std::int64_t> &ids, Wants wants,
                bool training = false, const spar_stage_steps *steps = nullptr) {
        const auto rows = static_cast<std::int64_t>(ids.size());
        Result result;
        result.outputs.resize(static_cast<std::size_t>(rows * outputs));
        result.dx.resize(x.size());
        HeadContext context{outputs, ids.data()};
        zero_gradients();
        executor.pass({.rows = rows,
                       .x = x.data(),
                       .ids = ids.data(),
                       .key = 5,
                       .training = training,
                       .head = head,
                       .head_context = &context,
                       .wants = wants,
                       .outputs = result.outputs.data(),
                       .dx = result.dx.data(),
                       .stage_steps = steps});
        result.gradients = gradients();
        return result;
    }

    Threads parallel;
    std::unique_ptr<Graph> graph;
    Executor executor;
    std::int64_t size, outputs;
};

/// Other values than the initial ones, in the memory that is known.
inline void scatter_parameters(Net &net) {
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        Parameter &parameter = net.graph->parameters[i];
        const bool variance = parameter.name.ends_with(".running_var");
        const auto fresh = numbers(static_cast<std::int64_t>(parameter.value.size()),
                                   static_cast<std::uint64_t>(40 + i), variance ? 0.3F : -0.4F,
                                   variance ? 2.0F : 0.4F);
        if (parameter.name.ends_with(".num_batches_tracked"))
            parameter.value[0] = 7;
        else
            std::copy(fresh.begin(), fresh.end(), parameter.value.begin());
    }
    net.executor.parameters_changed();
}

inline std::vector<std::int64_t> ids(std::int64_t count, std::int64_t first = 100) {
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(first + i);
    return values;
}

}  // namespace fixture
