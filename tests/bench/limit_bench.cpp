// The machine's limits.
//
//     limit_bench THREADS SECONDS
//
// prints one JSON line: GFLOP/s in f32 and in bf16 (null where the processor has none), GB/s, and
// whether Spar computes in bf16 where it may.
#include "kernels/kernels.hpp"
#include "peak.hpp"

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: limit_bench THREADS SECONDS\n");
        return 2;
    }
    const int threads = std::atoi(argv[1]);
    const double seconds = std::atof(argv[2]);
    const bool amx = sequential::fast_conv_bf16() != nullptr;
    nlohmann::json limits{{"f32", multiply_add_peak(threads, seconds)},
                          {"bf16", nullptr},
                          {"memory", memory_bandwidth(threads, seconds)},
                          {"coarse", amx}};
    if (const auto bf16 = multiply_add_peak_bf16(threads, seconds, amx)) limits["bf16"] = *bf16;
    std::puts(limits.dump().c_str());
    return 0;
}
