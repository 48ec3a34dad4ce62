// Times training steps of a pipeline, in turns with the machine's peak.
//
//     step_bench PIPELINE THREADS SECONDS [MFLOP per example and step]
//
// prints one JSON line: examples/s (median over steps), and the peak in GFLOP/s.
#include "peak.hpp"

#include "config/plan.hpp"
#include "engine/fitting.hpp"
#include "engine/session.hpp"
#include "pipeline/services.hpp"
#include "plugins/registry.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace {

using namespace spar::host;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Bench {
    Plan plan;
    Builder builder;
    Data data;
    Network network;
    Optimization optimization;
    std::unique_ptr<Instance> method, loss;
    TrainingSession session;

    Bench(Plan from, const Registry &registry)
        : plan(std::move(from)),
          builder(registry, plan.seed, [](const std::string &, const std::string &p) { return p; }),
          data(make(SPAR_KIND_DATASET, plan.data.train)),
          network(make(SPAR_KIND_MODEL, plan.model), data),
          optimization(make(SPAR_KIND_OPTIMIZER, plan.train->optimizer), network, {}, {}),
          method(make(SPAR_KIND_METHOD, plan.train->method)),
          loss(make(SPAR_KIND_LOSS, plan.train->loss)),
          session(network, optimization, builder, *method, loss->ref(),
                  threat_for(*plan.threat, data)) {}

    std::unique_ptr<Instance> make(spar_kind kind, const Node &node) {
        return builder.build(kind, *node.json, node.pointer);
    }

    /// Seconds of each step.
    std::vector<double> run(double seconds) {
        Batch batch;
        const std::int64_t size = plan.train->batch_size;
        data.read(index_range(0, size), batch);
        network.zero_gradients();
        const auto step = [&](std::int64_t index) {
            session.run(batch, {0, 1, index, 1000000, size, 1.0});
            optimization.step(1.0);
        };
        step(0);
        step(1);
        std::vector<double> times;
        for (const auto begin = Clock::now(); seconds_since(begin) < seconds;) {
            const auto start = Clock::now();
            step(static_cast<std::int64_t>(times.size()) + 2);
            times.push_back(seconds_since(start));
        }
        return times;
    }
};

}  // namespace

int main(int argc, char **argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: step_bench PIPELINE THREADS SECONDS\n");
        return 2;
    }
    try {
        const int count = std::atoi(argv[2]);
        const double seconds = std::atof(argv[3]);
        const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
        set_threads(count);
        Bench bench(load_plan(argv[1], {}, registry), registry);
        const double before = multiply_add_peak(count, 0.3);
        const std::vector<double> times = bench.run(seconds);
        const double after = multiply_add_peak(count, 0.3);
        const auto size = static_cast<double>(bench.plan.train->batch_size);
        fmt::print("{}\n", Json{{"threads", count},
                                {"steps", times.size()},
                                {"examples_per_second", size / median(times)},
                                {"best_examples_per_second",
                                 size / *std::min_element(times.begin(), times.end())},
                                {"peak_gflops", std::max(before, after)}}
                               .dump());
    } catch (const std::exception &e) {
        std::fprintf(stderr, "step_bench: %s\n", e.what());
        return 1;
    }
    return 0;
}
