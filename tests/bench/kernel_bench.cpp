// Times the inner loops by themselves, on shapes of SmallCNN and PreActResNet-18, and copying of
// memory beside them. GFLOP/s count multiplications as the layer defines them; see ./dev bench for
// the peak.
#include "kernels.hpp"
#include "peak.hpp"

#include <benchmark/benchmark.h>
#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace sequential;

std::vector<float> numbers(std::int64_t count) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float &value : values) value = normal(generator);
    return values;
}

/// `flops` a call.
void count(benchmark::State &state, double flops) {
    state.counters["GFLOP/s"] =
        benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

std::int64_t whole(std::int64_t channels) {
    return (channels + kernels().block - 1) / kernels().block * kernels().block;
}

struct First {
    FirstConv c{.channels = 1,
                .height = 28,
                .width = 28,
                .out = 32,
                .blocks = whole(32) / kernels().block,
                .out_height = 26,
                .out_width = 26,
                .kernel = 3,
                .stride = 1,
                .padding = 0,
                .activation = true,
                .slope = 0};
    double flops = 2.0 * 26 * 26 * 32 * 9;
    std::vector<float> weights = numbers(9 * 32), turned = numbers(9 * 32), bias = numbers(32);
    std::vector<float> x = numbers(28 * 28), y = numbers(26 * 26 * 32), dx = numbers(28 * 28);
    std::vector<float> scratch =
        numbers(std::max(kernels().first_conv_scratch(c), kernels().first_conv_step_scratch(c)));
    std::vector<Signs> signs =
        std::vector<Signs>(static_cast<std::size_t>(c.blocks * c.out_height * c.out_width));
};

void first_conv(benchmark::State &state) {
    First f;
    for (auto _ : state)
        kernels().first_conv(f.c, f.weights.data(), f.bias.data(), f.x.data(), f.scratch.data(),
                             f.y.data(), f.signs.data());
    count(state, f.flops);
}

void first_conv_gradient(benchmark::State &state) {
    First f;
    for (auto _ : state)
        kernels().first_conv_gradient(f.c, f.weights.data(), f.y.data(), f.signs.data(),
                                      f.scratch.data(), f.dx.data());
    count(state, f.flops);
}

void first_conv_weights(benchmark::State &state) {
    First f;
    for (auto _ : state)
        kernels().first_conv_weights(f.c, f.x.data(), f.y.data(), f.scratch.data(),
                                     f.weights.data(), f.bias.data());
    count(state, f.flops);
}

void first_conv_aim(benchmark::State &state) {
    First f;
    for (auto _ : state) kernels().first_conv_aim(f.c, f.y.data(), f.scratch.data());
}

/// YOPO's inner step: forward and back to the input.
void first_conv_step(benchmark::State &state) {
    First f;
    kernels().first_conv_aim(f.c, f.y.data(), f.scratch.data());
    for (auto _ : state)
        kernels().first_conv_step(f.c, f.weights.data(), f.turned.data(), f.bias.data(), f.x.data(),
                                  f.scratch.data(), f.dx.data());
    count(state, 2 * f.flops);
}

struct Third {
    std::int64_t examples, in_stride, out_stride;
    Conv3 c, back;
    Conv3Weights w;
    double flops;
    std::vector<float> weights, packed, bias, x, y, scratch;
    std::vector<Signs> signs;

    explicit Third(const benchmark::State &state)
        : examples(state.range(3)),
          w{.in = state.range(0),
            .out = state.range(1),
            .in_stride = 9,
            .out_stride = state.range(0) * 9,
            .upside_down = false} {
        const std::int64_t block = kernels().block, size = state.range(2);
        c = {.in_blocks = whole(w.in) / block,
             .out_blocks = whole(w.out) / block,
             .height = size,
             .width = size,
             .padding = state.range(4),
             .activation = true,
             .slope = 0};
        back = {.in_blocks = c.out_blocks,
                .out_blocks = c.in_blocks,
                .height = c.out_height(),
                .width = c.out_width(),
                .padding = 2 - c.padding,
                .activation = false,
                .slope = 1};
        const std::int64_t pixels = c.out_height() * c.out_width();
        in_stride = size * size * whole(w.in);
        out_stride = pixels * whole(w.out);
        flops = 18.0 * static_cast<double>(examples * pixels * w.in * w.out);
        weights = numbers(w.in * w.out * 9);
        packed = numbers(kernels().conv3_packed_size(w));
        kernels().conv3_pack(w, weights.data(), packed.data());
        bias = numbers(whole(w.out));
        x = numbers(examples * in_stride);
        y = numbers(examples * out_stride);
        scratch =
            numbers(std::max({kernels().conv3_scratch(c), kernels().conv3_gradient_scratch(back),
                              kernels().conv3_weights_scratch(c)}));
        signs.resize(y.size() / static_cast<std::size_t>(block));
    }
};

void conv3(benchmark::State &state) {
    Third t(state);
    for (auto _ : state)
        kernels().conv3(t.c, t.examples, t.packed.data(), t.bias.data(), t.x.data(), t.in_stride,
                        t.scratch.data(), t.y.data(), t.out_stride, t.signs.data());
    count(state, t.flops);
}

void conv3_gradient(benchmark::State &state) {
    Third t(state);
    for (auto _ : state)
        kernels().conv3_gradient(t.back, t.examples, t.packed.data(), t.y.data(), t.out_stride,
                                 t.scratch.data(), t.x.data(), t.in_stride);
    count(state, t.flops);
}

void conv3_weights(benchmark::State &state) {
    Third t(state);
    for (auto _ : state)
        kernels().conv3_weights(t.c, t.examples, t.x.data(), t.in_stride, t.y.data(), t.out_stride,
                                t.scratch.data(), false, t.packed.data(), t.bias.data());
    count(state, t.flops);
}

constexpr std::int64_t rows = 16;

struct Flat {
    Product m{.in = 1024, .out = 200, .activation = true, .slope = 0};
    double flops = 2.0 * rows * 1024 * 200;
    std::vector<float> weights = numbers(1024 * whole(200)), bias = numbers(whole(200));
    std::vector<float> x = numbers(rows * 1024), y = numbers(rows * 200);
};

void product(benchmark::State &state) {
    Flat f;
    for (auto _ : state)
        kernels().product(f.m, f.weights.data(), f.bias.data(), rows, f.x.data(), f.y.data());
    count(state, f.flops);
}

void product_gradient(benchmark::State &state) {
    Flat f;
    for (auto _ : state)
        kernels().product_gradient(f.m, rows, 0, f.m.in, f.x.data(), f.y.data(), f.weights.data());
    count(state, f.flops);
}

void multiply_add_peak(benchmark::State &state) {
    double rate = 0;
    for (auto _ : state) rate = ::multiply_add_peak(1, 0.2);
    state.counters["GFLOP/s"] = rate;
}

void memory_copy(benchmark::State &state) {
    const auto from = numbers(1 << 24);
    auto to = from;
    for (auto _ : state) {
        std::memcpy(to.data(), from.data(), from.size() * sizeof(float));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(from) * 4 * 2);
}

// Channels in and out, size of the image, examples, padding: of SmallCNN and of PreActResNet-18.
#define SHAPES                        \
    Args({32, 32, 26, 1, 0})          \
        ->Args({32, 64, 12, 1, 0})    \
        ->Args({64, 64, 10, 1, 0})    \
        ->Args({64, 64, 32, 1, 1})    \
        ->Args({128, 128, 16, 16, 1}) \
        ->Args({256, 256, 8, 16, 1})  \
        ->Args({512, 512, 4, 16, 1})

BENCHMARK(multiply_add_peak)->Iterations(1);
BENCHMARK(memory_copy);
BENCHMARK(first_conv);
BENCHMARK(first_conv_gradient);
BENCHMARK(first_conv_weights);
BENCHMARK(first_conv_aim);
BENCHMARK(first_conv_step);
BENCHMARK(conv3)->SHAPES;
BENCHMARK(conv3_gradient)->SHAPES;
BENCHMARK(conv3_weights)->SHAPES;
BENCHMARK(product);
BENCHMARK(product_gradient);

}  // namespace

BENCHMARK_MAIN();
