#include "peak.hpp"

#include <immintrin.h>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <latch>
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

__attribute__((target("avx512f,avx512bf16"))) double flops_bf16() {
    __m512 sum[chains];
    for (int i = 0; i < chains; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
    const __m512 one = _mm512_set1_ps(1.0F), small = _mm512_set1_ps(0.001F);
    const __m512bh a = _mm512_cvtne2ps_pbh(one, one), b = _mm512_cvtne2ps_pbh(small, small);
    for (long r = 0; r < rounds; ++r)
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], a, b);
    __m512 total = sum[0];
    for (int i = 1; i < chains; ++i) total = _mm512_add_ps(total, sum[i]);
    sink = _mm512_cvtss_f32(total);
    return 2.0 * 32 * chains * rounds;
}

__attribute__((target("amx-tile,amx-bf16"))) double flops_amx() {
    struct alignas(64) {
        std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
        std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64};
        std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
    } const shape;
    asm volatile("" ::"r"(&shape) : "memory");  // not every compiler knows that it is read
    _tile_loadconfig(&shape);
    constexpr long few = rounds / 10;
    for (long r = 0; r < few; ++r) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 5);
        _tile_dpbf16ps(2, 4, 5);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_release();
    return 2.0 * 16 * 16 * 32 * 4 * few;
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

class Copy {
  public:
    double operator()() {
        std::memcpy(to_.data(), from_.data(), from_.size());
        sink = static_cast<float>(to_[to_.size() / 2]);
        return 2.0 * static_cast<double>(from_.size());
    }

  private:
    std::vector<char> from_ = std::vector<char>(std::size_t{1} << 28, 1), to_ = from_;
};

/// In 1e9 a second: what threads together do of what `make` makes for each; one call says how much
/// it did.
template <class Make>
double rate(int threads, double seconds, Make make) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::vector<std::thread> running;
    std::latch ready(threads);
    for (double &mine : rates)
        running.emplace_back([&] {
            auto work = make();
            ready.arrive_and_wait();
            double done = 0, elapsed = 0;
            const auto begin = Clock::now();
            do {
                done += work();
                elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
            } while (elapsed < seconds);
            mine = done / elapsed * 1e-9;
        });
    double total = 0;
    for (std::size_t i = 0; i < running.size(); ++i) {
        running[i].join();
        total += rates[i];
    }
    return total;
}

}  // namespace

double multiply_add_peak(int threads, double seconds) {
    const bool wide = __builtin_cpu_supports("avx512f") != 0;
    return rate(threads, seconds, [wide] { return wide ? flops_avx512 : flops_avx2; });
}

std::optional<double> multiply_add_peak_bf16(int threads, double seconds, bool amx) {
    if (amx) return rate(threads, seconds, [] { return flops_amx; });
    if (__builtin_cpu_supports("avx512bf16") == 0) return std::nullopt;
    return rate(threads, seconds, [] { return flops_bf16; });
}

double memory_bandwidth(int threads, double seconds) {
    return rate(threads, seconds, [] { return Copy(); });
}
