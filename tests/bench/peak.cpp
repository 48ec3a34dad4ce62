#include "peak.hpp"

#include <immintrin.h>
#include <chrono>
#include <thread>
#include <vector>

namespace {

constexpr int chains = 12;  // enough independent ones to hide the latency of two units
constexpr long rounds = 200000;
volatile float sink;

__attribute__((target("avx512f"))) double flops_avx512() {
    __m512 sum[chains];
    for (int i = 0; i < chains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
    const __m512 a = _mm512_set1_ps(0.999F), b = _mm512_set1_ps(0.001F);
    for (long r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    __m512 total = sum[0];
    for (int i = 1; i < chains; ++i) total = _mm512_add_ps(total, sum[i]);
    sink = _mm512_cvtss_f32(total);
    return 2.0 * 16 * chains * rounds;
}

__attribute__((target("avx2,fma"))) double flops_avx2() {
    __m256 sum[chains];
    for (int i = 0; i < chains; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
    const __m256 a = _mm256_set1_ps(0.999F), b = _mm256_set1_ps(0.001F);
    for (long r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    __m256 total = sum[0];
    for (int i = 1; i < chains; ++i) total = _mm256_add_ps(total, sum[i]);
    sink = _mm256_cvtss_f32(total);
    return 2.0 * 8 * chains * rounds;
}

double rate_of_one(double seconds) {
    using Clock = std::chrono::steady_clock;
    const bool wide = __builtin_cpu_supports("avx512f") != 0;
    double flops = 0, elapsed = 0;
    const auto begin = Clock::now();
    do {
        flops += wide ? flops_avx512() : flops_avx2();
        elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (elapsed < seconds);
    return flops / elapsed * 1e-9;
}

}  // namespace

double multiply_add_peak(int threads, double seconds) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    for (double &rate : rates) running.emplace_back([&] { rate = rate_of_one(seconds); });
    double total = 0;
    for (std::size_t i = 0; i < running.size(); ++i) {
        running[i].join();
        total += rates[i];
    }
    return total;
}
