// Passes that may run in bfloat16, by plain arithmetic in place of the processor's instruction. The
// environment is set before anything asks for it; only passes that want it do.
#include "fixture.hpp"
#include "kernels/kernels.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace fixture;

namespace {

const int emulated = setenv("SPAR_EMULATE_BF16", "1", 1);

constexpr Wants in_bf16{.input = true, .parameters = false, .bf16 = true};

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
struct OneConv {
    Conv c;
    std::vector<float> weights, x, bias;

    explicit OneConv(const Conv &conv)
        : c(conv),
          weights(numbers(c.in * c.out * c.kernel * c.kernel, 1, -1, 1)),
          x(numbers(examples * in_stride(), 2, -1, 1)),
          bias(static_cast<std::size_t>(c.out)) {}

    static constexpr std::int64_t examples = 3;
    std::int64_t in_stride() const { return c.in * c.height * c.width; }
    std::int64_t out_stride() const { return c.out * c.out_height() * c.out_width(); }

    std::vector<float> forward(const ConvBf16 &way) const {
        std::vector<float> packed(static_cast<std::size_t>(way.size(c))), y = outputs();
        std::vector<float> scratch(static_cast<std::size_t>(way.scratch(c)));
        way.pack(c, weights.data(), packed.data());
        way.forward(c, examples, packed.data(), bias.data(), x.data(), in_stride(), scratch.data(),
                    y.data(), out_stride(), nullptr);
        return y;
    }
    std::vector<float> gradient(const ConvBf16 &way, const std::vector<float> &g,
                                const Signs *signs = nullptr) const {
        std::vector<float> packed(static_cast<std::size_t>(way.gradient_size(c))), dx(x.size());
        std::vector<float> scratch(static_cast<std::size_t>(way.scratch(c)));
        way.pack_gradient(c, weights.data(), packed.data());
        way.gradient(c, examples, packed.data(), g.data(), out_stride(), signs, scratch.data(),
                     dx.data(), in_stride());
        return dx;
    }

    std::vector<float> forward(const ConvKernels &way) const {
        std::vector<float> packed(static_cast<std::size_t>(way.packed_size(c))), y = outputs();
        std::vector<float> scratch(static_cast<std::size_t>(way.scratch(c)));
        way.pack(c, weights.data(), packed.data());
        way.forward(c, examples, packed.data(), bias.data(), x.data(), in_stride(), scratch.data(),
                    y.data(), out_stride(), nullptr);
        return y;
    }
    std::vector<float> gradient(const ConvKernels &way, const std::vector<float> &g) const {
        std::vector<float> packed(static_cast<std::size_t>(way.packed_size(c))), dx(x.size());
        std::vector<float> scratch(static_cast<std::size_t>(way.scratch(c)));
        way.pack_gradient(c, weights.data(), packed.data());
        way.gradient(c, examples, packed.data(), g.data(), out_stride(), scratch.data(), dx.data(),
                     in_stride());
        return dx;
    }

    void round() {
        for (auto *values : {&weights, &x})
            for (float &value : *values) value = bfloat(value);
    }

  private:
    std::vector<float> outputs() const {
        return std::vector<float>(static_cast<std::size_t>(examples * out_stride()));
    }
};

/// Shapes that differ in what the kernels tell apart; calls check(layer).
template <class Check>
void for_layers(Check check) {
    const std::int64_t block = kernels().block;
    for (const std::int64_t kernel : {1, 3, 4})
        for (const std::int64_t stride : {1, 2, 3})
            for (const std::int64_t in : {1, 2, 3})
                for (const std::int64_t out : {1, 2, 3}) {
                    CAPTURE(kernel);
                    CAPTURE(stride);
                    CAPTURE(in);
                    CAPTURE(out);
                    check(OneConv({.in = in * block,
                                   .out = out * block,
                                   .height = 9,
                                   .width = 14,
                                   .kernel = kernel,
                                   .stride = stride,
                                   .padding = kernel / 2,
                                   .activation = false,
                                   .slope = 1}));
                }
    // By parts of an image, and several examples together.
    for (const std::int64_t side : {6, 60})
        check(OneConv({.in = 16 * block,
                       .out = 9 * block,
                       .height = side,
                       .width = side,
                       .kernel = 3,
                       .stride = side / 6 > 1 ? 2 : 1,
                       .padding = 1,
                       .activation = false,
                       .slope = 1}));
}

std::vector<float> bfloats(std::vector<float> values) {
    for (float &value : values) value = bfloat(value);
    return values;
}

}  // namespace

TEST_CASE("a convolution in bfloat16 is an exact one of what was rounded") {
    for_layers([](OneConv layer) {
        const std::vector<float> y = layer.forward(*conv_bf16());
        const std::vector<float> dx = layer.gradient(*conv_bf16(), y);
        CHECK(distance(y, layer.forward(kernels().conv)) > 1e-4);
        layer.round();
        CHECK(distance(y, layer.forward(kernels().conv)) < 1e-6);
        CHECK(distance(dx, layer.gradient(kernels().conv, bfloats(y))) < 1e-6);
    });
}

TEST_CASE("the processor's matrix instructions sum as the plain arithmetic does, to the bit") {
    const ConvBf16 *fast = fast_conv_bf16();
    if (fast == nullptr) {
        MESSAGE("this processor has none");
        return;
    }
    for_layers([&](const OneConv &layer) {
        const std::vector<float> y = layer.forward(kernels().conv_bf16);
        CHECK(layer.forward(*fast) == y);
        CHECK(layer.gradient(*fast, y) == layer.gradient(kernels().conv_bf16, y));
    });
}

TEST_CASE("a gradient in bfloat16 goes through the rectifier by the signs") {
    const std::int64_t block = kernels().block;
    const OneConv layer({.in = 3 * block,
                         .out = 2 * block,
                         .height = 9,
                         .width = 14,
                         .kernel = 3,
                         .stride = 2,
                         .padding = 1,
                         .activation = true,
                         .slope = 0.25F});
    const std::vector<float> g = numbers(OneConv::examples * layer.out_stride(), 5, -1, 1);
    const std::vector<float> bits =
        numbers(static_cast<std::int64_t>(g.size()) / block, 6, 0, 65535);
    const std::vector<Signs> signs(bits.begin(), bits.end());
    std::vector<float> before = g;
    kernels().rectify_signed(signs.data(), 0.25F, before.data(),
                             static_cast<std::int64_t>(before.size()));
    CHECK(before != g);
    for (const ConvBf16 *way : {conv_bf16(), fast_conv_bf16()})
        if (way != nullptr)
            CHECK(layer.gradient(*way, g, signs.data()) == layer.gradient(*way, before));
}

TEST_CASE("a pass in bfloat16: near the exact one, and no bit depends on threads or batch") {
    const std::vector<float> x = numbers(40 * 784, 3);
    const auto names = ids(40);
    Net net(small_cnn(), {1, 28, 28}), other(small_cnn(), {1, 28, 28}, 3);
    const Result exact = net.pass(x, names, {.input = true}), rough = net.pass(x, names, in_bf16);
    CHECK(distance(rough.outputs, exact.outputs) < 0.02);
    CHECK(distance(rough.outputs, exact.outputs) > 1e-5);
    // A sign that differs before a rectifier opens or closes it: more than rounding.
    CHECK(distance(rough.dx, exact.dx) < 0.25);
    CHECK(net.pass(x, names, {.input = true}).dx == exact.dx);

    CHECK(other.pass(x, names, in_bf16).dx == rough.dx);
    const std::vector<float> few(x.begin() + 3 * 784, x.begin() + 10 * 784);
    const Result part = other.pass(few, {names.begin() + 3, names.begin() + 10}, in_bf16);
    CHECK(std::memcmp(part.dx.data(), rough.dx.data() + 3 * 784, few.size() * sizeof(float)) == 0);
}

TEST_CASE("what is asked for gradients of parameters is exact, and changed weights are seen") {
    const std::vector<float> x = numbers(7 * 784, 3);
    const auto names = ids(7);
    Net net(small_cnn(), {1, 28, 28});
    Wants both = in_bf16;
    both.parameters = true;
    const Result exact = net.pass(x, names, {.input = true, .parameters = true});
    CHECK(net.pass(x, names, both).dx == exact.dx);

    const std::vector<float> before = net.pass(x, names, in_bf16).dx;
    scatter_parameters(net);
    const Result rough = net.pass(x, names, in_bf16), anew = net.pass(x, names, {.input = true});
    CHECK(distance(rough.outputs, anew.outputs) < 0.02);
    CHECK(rough.dx != before);
}

TEST_CASE("a pass in bfloat16 in training with batchnorm is near the exact one") {
    const std::vector<float> x = numbers(9 * 3 * 81, 4);
    Net net(small_resnet(), {3, 9, 9});
    const Result exact = net.pass(x, ids(9), {.input = true}, true);
    const Result rough = net.pass(x, ids(9), in_bf16, true);
    CHECK(distance(rough.outputs, exact.outputs) < 0.05);
    CHECK(distance(rough.outputs, exact.outputs) > 1e-5);
    CHECK(distance(rough.dx, exact.dx) < 0.25);
}
