// Times the training data of a pipeline alone: opened, and read once in shuffled batches.
//
//     data_bench PIPELINE
//
// prints one JSON line: examples, seconds to open, and examples/s of the fastest of five epochs.
#include "engine/data.hpp"
#include "instances/services.hpp"
#include "plan/plan.hpp"
#include "plugins/registry.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace {

using namespace spar::host;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double epoch(const Data &data, std::int64_t batch_size, std::uint64_t key) {
    std::vector<std::int64_t> order = index_range(0, data.size());
    Batch batch;
    const auto begin = Clock::now();
    shuffle(order, key);
    const std::span<const std::int64_t> all(order);
    for (std::int64_t first = 0; first < data.size(); first += batch_size) {
        const std::int64_t count = std::min(batch_size, data.size() - first);
        data.read(all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
                  batch);
    }
    return static_cast<double>(data.size()) / seconds_since(begin);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: data_bench PIPELINE\n");
        return 2;
    }
    try {
        const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
        const Plan plan = load_plan(argv[1], {}, registry);
        Builder builder(registry, plan.seed,
                        [](const auto &, const std::string &path) { return path; });
        const auto begin = Clock::now();
        const Data data(
            builder.build(SPAR_KIND_DATASET, *plan.data.train.json, plan.data.train.pointer));
        const double open = seconds_since(begin);
        double best = 0;
        for (std::uint64_t key = 0; key < 5; ++key)
            best = std::max(best, epoch(data, plan.train->batch_size, key));
        fmt::print("{}\n", Json{{"examples", data.size()},
                                {"seconds_to_open", open},
                                {"examples_per_second", best}}
                               .dump());
    } catch (const std::exception &e) {
        std::fprintf(stderr, "data_bench: %s\n", e.what());
        return 1;
    }
    return 0;
}
