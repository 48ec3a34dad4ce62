// Passes that may be coarse, by plain arithmetic in place of the processor's instruction. The
// environment is set before anything asks for it; only passes that want it are coarse.
#include "fixture.hpp"
#include "kernels.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace fixture;

namespace {

const int emulated = setenv("SPAR_EMULATE_BF16", "1", 1);

constexpr Wants coarse{.input = true, .parameters = false, .later = false, .coarse = true};

float bfloat(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000);
}

/// Length of the difference over that of the second.
double distance(const std::vector<float> &a, const std::vector<float> &b) {
    double difference = 0, length = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        difference += std::pow(double{a[i]} - double{b[i]}, 2);
        length += double{b[i]} * double{b[i]};
    }
    return std::sqrt(difference / length);
}

/// A convolution of blocked images with its buffers.
struct Layer {
    Conv c;
    const ConvKernels &way;
    std::vector<float> weights, x, bias, packed, scratch;

    Layer(const Conv &conv, const ConvKernels &kernels)
        : c(conv),
          way(kernels),
          weights(numbers(c.in * c.out * c.kernel * c.kernel, 1, -1, 1)),
          x(numbers(c.in * c.height * c.width, 2, -1, 1)),
          bias(static_cast<std::size_t>(c.out)),
          packed(static_cast<std::size_t>(way.packed_size(c))),
          scratch(static_cast<std::size_t>(way.scratch(c))) {}

    std::vector<float> forward(bool coarsely) {
        std::vector<float> half(packed.size() / 2);
        std::vector<float> y(static_cast<std::size_t>(c.out * c.out_height() * c.out_width()));
        way.pack(c, weights.data(), packed.data());
        if (coarsely) way.round(c, packed.data(), half.data());
        (coarsely ? way.coarse_forward : way.forward)(c, 1, coarsely ? half.data() : packed.data(),
                                                      bias.data(), x.data(), 0, scratch.data(),
                                                      y.data(), 0, nullptr);
        return y;
    }
    std::vector<float> gradient(const std::vector<float> &g, bool coarsely) {
        std::vector<float> half(packed.size() / 2), dx(x.size());
        way.pack_gradient(c, weights.data(), packed.data());
        if (coarsely) way.round_gradient(c, packed.data(), half.data());
        (coarsely ? way.coarse_gradient : way.gradient)(c, 1,
                                                        coarsely ? half.data() : packed.data(),
                                                        g.data(), 0, scratch.data(), dx.data(), 0);
        return dx;
    }
    void round() {
        for (auto *values : {&weights, &x})
            for (float &value : *values) value = bfloat(value);
    }
};

}  // namespace

TEST_CASE("a coarse convolution is an exact one of what was rounded") {
    const std::int64_t block = kernels().block;
    for (const std::int64_t stride : {1, 2})
        for (const std::int64_t out : {1, 2, 3}) {
            Layer layer({.in = 2 * block,
                         .out = out * block,
                         .height = 9,
                         .width = 14,
                         .kernel = 3,
                         .stride = stride,
                         .padding = 1,
                         .activation = false,
                         .slope = 1},
                        kernels().conv);
            const std::vector<float> y = layer.forward(true), dx = layer.gradient(y, true);
            CHECK(distance(y, layer.forward(false)) > 1e-4);
            layer.round();
            CHECK(distance(y, layer.forward(false)) < 1e-6);
            std::vector<float> g = y;
            for (float &value : g) value = bfloat(value);
            CHECK(distance(dx, layer.gradient(g, false)) < 1e-6);
        }
}

TEST_CASE("by Winograd's way it is near the exact one") {
    const std::int64_t block = kernels().block;
    for (const std::int64_t out : {1, 2, 3}) {
        Layer layer({.in = 3 * block,
                     .out = out * block,
                     .height = 9,
                     .width = 14,
                     .kernel = 3,
                     .stride = 1,
                     .padding = 1,
                     .activation = false,
                     .slope = 1},
                    kernels().conv3);
        const std::vector<float> y = layer.forward(false);
        CHECK(distance(layer.forward(true), y) < 0.01);
        CHECK(distance(layer.gradient(y, true), layer.gradient(y, false)) < 0.01);
    }
}

TEST_CASE("a coarse pass: near the exact one, and no bit depends on threads or batch") {
    const std::vector<float> x = numbers(40 * 784, 3);
    const auto names = ids(40);
    Net net(small_cnn(), {1, 28, 28}), other(small_cnn(), {1, 28, 28}, 3);
    const Result exact = net.pass(x, names, {.input = true}), rough = net.pass(x, names, coarse);
    CHECK(distance(rough.outputs, exact.outputs) < 0.02);
    CHECK(distance(rough.outputs, exact.outputs) > 1e-5);
    // A sign that differs before a rectifier opens or closes it: more than rounding.
    CHECK(distance(rough.dx, exact.dx) < 0.25);
    CHECK(net.pass(x, names, {.input = true}).dx == exact.dx);

    CHECK(other.pass(x, names, coarse).dx == rough.dx);
    const std::vector<float> few(x.begin() + 3 * 784, x.begin() + 10 * 784);
    const Result part = other.pass(few, {names.begin() + 3, names.begin() + 10}, coarse);
    CHECK(std::memcmp(part.dx.data(), rough.dx.data() + 3 * 784, few.size() * sizeof(float)) == 0);
}

TEST_CASE("what is asked for gradients of parameters is exact, and changed weights are seen") {
    const std::vector<float> x = numbers(7 * 784, 3);
    const auto names = ids(7);
    Net net(small_cnn(), {1, 28, 28});
    Wants both = coarse;
    both.parameters = true;
    const Result exact = net.pass(x, names, {.input = true, .parameters = true});
    CHECK(net.pass(x, names, both).dx == exact.dx);

    const std::vector<float> before = net.pass(x, names, coarse).dx;
    scatter_parameters(net);
    const Result rough = net.pass(x, names, coarse), anew = net.pass(x, names, {.input = true});
    CHECK(distance(rough.outputs, anew.outputs) < 0.02);
    CHECK(rough.dx != before);
}

TEST_CASE("a coarse pass in training with batchnorm is near the exact one") {
    const std::vector<float> x = numbers(9 * 3 * 81, 4);
    Net net(small_resnet(), {3, 9, 9});
    const Result exact = net.pass(x, ids(9), {.input = true}, true);
    const Result rough = net.pass(x, ids(9), coarse, true);
    CHECK(distance(rough.outputs, exact.outputs) < 0.05);
    CHECK(distance(rough.outputs, exact.outputs) > 1e-5);
    CHECK(distance(rough.dx, exact.dx) < 0.25);
}
