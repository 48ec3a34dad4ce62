// Times the inner loops by themselves, on shapes of SmallCNN and PreActResNet-18, and copying of
// memory beside them. GFLOP/s count multiplications as the layer defines them; see ./dev bench for
// the peak.
#include "graph/memory.hpp"
#include "kernels/kernels.hpp"
#include "peak.hpp"

#include <benchmark/benchmark.h>
#include <random>
#include <vector>

namespace {

using namespace sequential;

Aligned numbers(std::int64_t count) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    Aligned values(static_cast<std::size_t>(count));
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

/// SmallCNN's, of one plain channel, or PreActResNet-18's, of three.
struct First {
    FirstConv c;
    double flops;
    Aligned weights, turned, bias, x, y, dx, scratch;
    std::vector<Signs> signs;

    explicit First(const benchmark::State &state)
        : c(state.range(0) == 1 ? of(1, 28, 32, 0) : of(3, 32, 64, 1)),
          flops(2.0 * static_cast<double>(c.out_height * c.out_width * c.out * c.channels * 9)),
          weights(numbers(c.channels * 9 * c.out)),
          turned(weights),
          bias(numbers(c.out)),
          x(numbers(c.channels * c.height * c.width)),
          y(numbers(c.out * c.out_height * c.out_width)),
          dx(x),
          scratch(numbers(
              std::max(kernels().first_conv_scratch(c), kernels().first_conv_step_scratch(c)))),
          signs(static_cast<std::size_t>(c.blocks * c.out_height * c.out_width)) {}

    static FirstConv of(std::int64_t channels, std::int64_t side, std::int64_t out,
                        std::int64_t padding) {
        return {.channels = channels,
                .height = side,
                .width = side,
                .out = out,
                .blocks = whole(out) / kernels().block,
                .out_height = side + 2 * padding - 2,
                .out_width = side + 2 * padding - 2,
                .kernel = 3,
                .stride = 1,
                .padding = padding,
                .activation = true,
                .slope = 0};
    }
};

void first_conv(benchmark::State &state) {
    First f(state);
    for (auto _ : state)
        kernels().first_conv(f.c, f.weights.data(), f.bias.data(), f.x.data(), f.scratch.data(),
                             f.y.data(), f.signs.data());
    count(state, f.flops);
}

void first_conv_gradient(benchmark::State &state) {
    First f(state);
    for (auto _ : state)
        kernels().first_conv_gradient(f.c, f.weights.data(), f.y.data(), f.signs.data(),
                                      f.scratch.data(), f.dx.data());
    count(state, f.flops);
}

void first_conv_weights(benchmark::State &state) {
    First f(state);
    for (auto _ : state)
        kernels().first_conv_weights(f.c, f.x.data(), f.y.data(), f.scratch.data(),
                                     f.weights.data(), f.bias.data());
    count(state, f.flops);
}

void first_conv_load_gradient(benchmark::State &state) {
    First f(state);
    for (auto _ : state) kernels().first_conv_load_gradient(f.c, f.y.data(), f.scratch.data());
}

/// YOPO's inner step: forward and back to the input.
void first_conv_step(benchmark::State &state) {
    First f(state);
    kernels().first_conv_load_gradient(f.c, f.y.data(), f.scratch.data());
    for (auto _ : state)
        kernels().first_conv_step(f.c, f.weights.data(), f.turned.data(), f.bias.data(), f.x.data(),
                                  f.scratch.data(), f.dx.data());
    count(state, 2 * f.flops);
}

/// Between blocked images; Winograd's way where it can go.
struct Between {
    Conv c;
    const ConvKernels &way;
    std::int64_t examples, in_stride, out_stride;
    double flops;
    Aligned packed, bias, x, y, scratch;
    std::vector<Signs> signs;

    explicit Between(const benchmark::State &state)
        : c{.in = state.range(0),
            .out = state.range(1),
            .height = state.range(2),
            .width = state.range(2),
            .kernel = state.range(3),
            .stride = state.range(4),
            .padding = state.range(5),
            .activation = true,
            .slope = 0},
          way(c.kernel == 3 && c.stride == 1 ? kernels().conv3 : kernels().conv),
          examples(state.range(6)),
          in_stride(c.height * c.width * whole(c.in)),
          out_stride(c.out_height() * c.out_width() * whole(c.out)),
          flops(2.0 * static_cast<double>(examples * c.out_height() * c.out_width() * c.in * c.out *
                                          c.kernel * c.kernel)),
          packed(numbers(way.packed_size(c))),
          bias(numbers(whole(c.out))),
          x(numbers(examples * in_stride)),
          y(numbers(examples * out_stride)),
          scratch(numbers(way.scratch(c))),
          signs(y.size() / static_cast<std::size_t>(kernels().block)) {}
};

void conv(benchmark::State &state) {
    Between b(state);
    for (auto _ : state)
        b.way.forward(b.c, b.examples, b.packed.data(), b.bias.data(), b.x.data(), b.in_stride,
                      b.scratch.data(), b.y.data(), b.out_stride, b.signs.data());
    count(state, b.flops);
}

void conv_gradient(benchmark::State &state) {
    Between b(state);
    for (auto _ : state)
        b.way.gradient(b.c, b.examples, b.packed.data(), b.y.data(), b.out_stride, b.scratch.data(),
                       b.x.data(), b.in_stride);
    count(state, b.flops);
}

void conv_weights(benchmark::State &state) {
    Between b(state);
    for (auto _ : state)
        b.way.weights(b.c, b.examples, b.x.data(), b.in_stride, b.y.data(), b.out_stride,
                      b.scratch.data(), false, b.packed.data(), b.bias.data());
    count(state, b.flops);
}

/// In bfloat16, by the processor's matrix instructions.
struct Coarse : Between {
    const ConvBf16 *fast = fast_conv_bf16();
    Aligned weights, back, room;

    explicit Coarse(benchmark::State &state) : Between(state) {
        if (fast == nullptr) {
            state.SkipWithError("this processor has no AMX");
            return;
        }
        weights = numbers(fast->size(c));
        back = numbers(fast->gradient_size(c));
        room = numbers(fast->scratch(c));
    }
};

void conv_coarse(benchmark::State &state) {
    Coarse b(state);
    for (auto _ : state)
        b.fast->forward(b.c, b.examples, b.weights.data(), b.bias.data(), b.x.data(), b.in_stride,
                        b.room.data(), b.y.data(), b.out_stride, b.signs.data());
    count(state, b.flops);
}

void conv_coarse_gradient(benchmark::State &state) {
    Coarse b(state);
    for (auto _ : state)
        b.fast->gradient(b.c, b.examples, b.back.data(), b.y.data(), b.out_stride, b.signs.data(),
                         b.room.data(), b.x.data(), b.in_stride);
    count(state, b.flops);
}

constexpr std::int64_t rows = 16;

struct Flat {
    Product m{.in = 1024, .out = 200, .activation = true, .slope = 0};
    double flops = 2.0 * rows * 1024 * 200;
    Aligned weights = numbers(1024 * whole(200)), bias = numbers(whole(200));
    Aligned x = numbers(rows * 1024), y = numbers(rows * 208);
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
        kernels().product_gradient(
            f.m, {f.x.data(), f.y.data(), rows * 4 * kernels().block, rows * sequential::kept_outs},
            rows, 0, f.m.in, f.weights.data());
    count(state, f.flops);
}

void multiply_add_peak(benchmark::State &state) {
    double rate = 0;
    for (auto _ : state) rate = ::multiply_add_peak(1, 0.2);
    state.counters["GFLOP/s"] = rate;
}

void memory_copy(benchmark::State &state) {
    double rate = 0;
    for (auto _ : state) rate = memory_bandwidth(1, 0.2);
    state.counters["GB/s"] = rate;
}

// Channels in and out, size of the image, kernel, stride, padding, examples: of SmallCNN and of
// PreActResNet-18.
#define SHAPES                             \
    Args({32, 32, 26, 3, 1, 0, 1})         \
        ->Args({32, 64, 12, 3, 1, 0, 1})   \
        ->Args({64, 64, 10, 3, 1, 0, 1})   \
        ->Args({64, 64, 32, 3, 1, 1, 1})   \
        ->Args({512, 512, 4, 3, 1, 1, 16}) \
        ->Args({64, 128, 32, 3, 2, 1, 16}) \
        ->Args({256, 512, 8, 3, 2, 1, 16}) \
        ->Args({256, 512, 8, 1, 2, 0, 16})

BENCHMARK(multiply_add_peak)->Iterations(1);
BENCHMARK(memory_copy)->Iterations(1);
BENCHMARK(first_conv)->Arg(1)->Arg(3);
BENCHMARK(first_conv_gradient)->Arg(1)->Arg(3);
BENCHMARK(first_conv_weights)->Arg(1)->Arg(3);
BENCHMARK(first_conv_load_gradient)->Arg(1)->Arg(3);
BENCHMARK(first_conv_step)->Arg(1)->Arg(3);
BENCHMARK(conv)->SHAPES;
BENCHMARK(conv_gradient)->SHAPES;
BENCHMARK(conv_weights)->SHAPES;
BENCHMARK(conv_coarse)->SHAPES;
BENCHMARK(conv_coarse_gradient)->SHAPES;
BENCHMARK(product);
BENCHMARK(product_gradient);

}  // namespace

BENCHMARK_MAIN();
