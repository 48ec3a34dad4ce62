// Networks, batches and threads for the tests of the sequential model's engine.
#pragma once

#include "../threads.hpp"
#include "graph/executor.hpp"
#include "network.hpp"

#include <spar/philox.hpp>

namespace fixture {

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
    Net(const LayerList &layers, Shape input, int threads = 1, std::uint64_t key = 1,
        std::optional<std::size_t> first_stage = {})
        : parallel(threads),
          graph(network(layers, input, key, first_stage)),
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
                       .mask = mask.empty() ? nullptr : mask.data(),
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
    std::vector<float> mask = {};  /// of the rows of a pass; empty: none
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
