// Times training steps of a pipeline, in turns with the machine's peak.
//
//     step_bench PIPELINE THREADS SECONDS
//
// prints one JSON line: examples/s and the peak in GFLOP/s, medians over the turns, and the median
// of their ratios, which a machine that is slow for a while changes least.
#include "peak.hpp"
#include "steps.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace {

using namespace spar::host;
using spar::bench::Steps;
using Clock = std::chrono::steady_clock;

constexpr double peak_seconds = 0.1, least_seconds = 0.1;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Turns {
    std::vector<double> rates, peaks, ratios;  /// examples/s, GFLOP/s, examples per GFLOP
};

/// Examples/s of a step, or of enough steps to measure the time.
double rate(Steps &steps) {
    double examples = 0, elapsed = 0;
    const auto start = Clock::now();
    do {
        steps.next();
        examples += static_cast<double>(steps.batch_size());
        elapsed = seconds_since(start);
    } while (elapsed < least_seconds);
    return examples / elapsed;
}

Turns run(Steps &steps, int threads, double seconds) {
    steps.next();
    steps.next();
    Turns turns;
    double peak = multiply_add_peak(threads, peak_seconds);
    const auto begin = Clock::now();
    do {
        turns.rates.push_back(rate(steps));
        const double next = multiply_add_peak(threads, peak_seconds);
        turns.peaks.push_back((peak + next) / 2);  // of just before and just after
        turns.ratios.push_back(turns.rates.back() / turns.peaks.back());
        peak = next;
    } while (seconds_since(begin) < seconds);
    return turns;
}

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
        Steps steps(load_plan(argv[1], {}, registry), registry);
        const Turns turns = run(steps, count, seconds);
        fmt::print("{}\n", Json{{"threads", count},
                                {"steps", turns.rates.size()},
                                {"examples_per_second", median(turns.rates)},
                                {"best_examples_per_second",
                                 *std::max_element(turns.rates.begin(), turns.rates.end())},
                                {"peak_gflops", median(turns.peaks)},
                                {"examples_per_gflop", median(turns.ratios)}}
                               .dump());
    } catch (const std::exception &e) {
        std::fprintf(stderr, "step_bench: %s\n", e.what());
        return 1;
    }
    return 0;
}
