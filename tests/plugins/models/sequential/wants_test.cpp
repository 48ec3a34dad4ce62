// Nothing is computed that is not wanted; the first stage by itself.
#include "fixture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

using namespace fixture;

TEST_CASE("an attack's pass computes no parameter gradients, and a forward pass none at all") {
    Net net(small_cnn(), {1, 28, 28});
    const std::vector<float> x = numbers(20 * 784, 3);
    const Counters &counters = net.executor.counters();
    const auto is = [&](std::int64_t forward, std::int64_t input, std::int64_t parameters) {
        CHECK(counters.forward == forward);
        CHECK(counters.input_gradient == input);
        CHECK(counters.parameter_gradient == parameters);
    };
    Result result = net.pass(x, ids(20), {.input = true});
    is(20, 20, 0);
    CHECK(std::all_of(result.gradients.begin(), result.gradients.end(),
                      [](float g) { return g == 0; }));
    result = net.pass(x, ids(20), {.parameters = true});
    is(40, 20, 20);
    CHECK(std::all_of(result.dx.begin(), result.dx.end(), [](float g) { return g == 0; }));
    net.pass(x, ids(20), {});
    is(60, 20, 20);
    net.pass(x, ids(20), {}, false, true);  // the gradient at the first stage alone
    is(80, 20, 20);
    net.pass(x, ids(20), {.input = true, .parameters = true});
    is(100, 40, 40);
}

TEST_CASE("parameter gradients are added, and are sums over the rows") {
    Net net({conv(4, 3), layer("relu"), layer("flatten"), linear(3)}, {1, 6, 6});
    const std::vector<float> x = numbers(40 * 36, 3);
    const Result all = net.pass(x, ids(40), {.parameters = true});
    std::vector<float> sum(all.gradients.size());
    for (std::int64_t first = 0; first < 40; first += 10) {
        const Result part = net.pass({x.begin() + first * 36, x.begin() + (first + 10) * 36},
                                     ids(10, 100 + first), {.parameters = true});
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part.gradients[i];
    }
    for (std::size_t i = 0; i < sum.size(); ++i)
        CHECK(sum[i] == doctest::Approx(all.gradients[i]).epsilon(1e-4));
}

namespace {

struct Walk {
    std::vector<float> gradient;
    std::int64_t size;
};

spar_status walk(void *context, std::int64_t first, std::int64_t count, float *x, const float *dx,
                 spar_error *) {
    auto &w = *static_cast<Walk *>(context);
    for (std::int64_t i = 0; i < count * w.size; ++i) {
        w.gradient[static_cast<std::size_t>(first * w.size + i)] = dx[i];
        x[i] += 0.01F * dx[i];
    }
    return SPAR_OK;
}

/// The same steps by the network of the first stage alone.
void check_stage(const std::vector<LayerSpec> &layers, std::size_t length, const Shape &input,
                 std::optional<std::size_t> chosen = {}) {
    Net net(layers, input, 2, 1, chosen);
    std::vector<LayerSpec> front(layers.begin(),
                                 layers.begin() + static_cast<std::ptrdiff_t>(length));
    front.push_back(layer("flatten"));
    Net stage(front, input);
    const Value &end = net.graph->value(net.graph->stage_end);
    REQUIRE(end.size() == stage.outputs);

    const std::int64_t rows = 21;
    std::vector<float> x = numbers(rows * net.size, 3), plain = x;
    const std::vector<float> p = numbers(rows * stage.outputs, 4, -1, 1);
    std::vector<float> own_p(
        static_cast<std::size_t>(rows * end.stride()));  // in the model's order
    for (std::int64_t i = 0; i < rows * end.size(); ++i)
        own_p[static_cast<std::size_t>(i / end.size() * end.stride() +
                                       end.position(i % end.size()))] =
            p[static_cast<std::size_t>(i)];
    Walk walked{std::vector<float>(x.size()), net.size};
    net.zero_gradients();
    net.executor.ascend(x.data(), rows, own_p.data(), 3, walk, &walked);

    std::vector<float> dx(plain.size()), outputs(p.size());
    for (int step = 0; step < 3; ++step) {
        stage.executor.pass(
            {.rows = rows, .x = plain.data(), .tape = 1, .outputs = outputs.data()});
        stage.executor.backward(1, p.data(), {.input = true}, dx.data());
        for (std::size_t i = 0; i < dx.size(); ++i) plain[i] += 0.01F * dx[i];
    }
    float worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        worst = std::max(worst, std::abs(walked.gradient[i] - dx[i]));
    CHECK(worst < 1e-4F);

    stage.zero_gradients();
    stage.executor.pass({.rows = rows, .x = plain.data(), .tape = 1, .outputs = outputs.data()});
    stage.executor.backward(1, p.data(), {.parameters = true}, nullptr);
    const std::vector<float> got = net.gradients(), wanted = stage.gradients();
    for (std::size_t i = 0; i < got.size(); ++i) {
        const float expected = i < wanted.size() ? wanted[i] : 0.0F;
        REQUIRE(got[i] == doctest::Approx(expected).epsilon(1e-4));
    }
}

}  // namespace

TEST_CASE("the first stage by itself does what the whole network does there") {
    check_stage(small_cnn(), 2, {1, 28, 28});
    check_stage({conv(20, 3, 2, 1), layer("relu"), layer("flatten"), linear(3)}, 2, {3, 9, 8});
    check_stage({conv(16, 3, 2, 1), layer("relu"), layer("flatten"), linear(3)}, 2, {3, 9, 8});
    check_stage({conv(48, 5, 3, 2), layer("relu"), layer("flatten"), linear(3)}, 2, {2, 12, 17});
    check_stage({conv(16, 3, 1, 1), layer("flatten"), linear(3)}, 1, {1, 9, 8});
    check_stage({conv(20, 3), layer("tanh"), layer("flatten"), linear(3)}, 2, {3, 9, 8});
    check_stage({conv(20, 3), pool("maxpool", 2, 2), layer("relu"), layer("flatten"), linear(3)}, 3,
                {1, 9, 8});
    check_stage({conv(5, 3), conv(5, 3), layer("relu"), layer("flatten"), linear(3)}, 1, {1, 9, 8});
    check_stage({conv(16, 3), layer("batchnorm"), layer("relu"), layer("flatten"), linear(3)}, 1,
                {3, 9, 8});
    check_stage({layer("batchnorm"), layer("relu"), layer("flatten"), linear(3)}, 2, {3, 5, 4});
    // One that the pipeline chooses: a convolution without its activation, more than one.
    check_stage(small_cnn(), 1, {1, 28, 28}, 1);
    check_stage(small_cnn(), 4, {1, 28, 28}, 4);
    check_stage(
        {residual({conv(4, 3, 1, 1)}, {conv(4, 1)}), layer("relu"), layer("flatten"), linear(3)}, 2,
        {3, 6, 5});
    check_stage(small_resnet(), 1, {3, 8, 8});
}

namespace {

void check_pulled_back(const std::vector<LayerSpec> &layers, const Shape &input, bool training) {
    Net net(layers, input);
    const std::vector<float> x = numbers(20 * net.size, 3);
    const Result result = net.pass(x, ids(20), {.input = true}, training, true);
    std::vector<float> moved = x;
    Walk walked{std::vector<float>(x.size()), net.size};
    net.executor.ascend(moved.data(), 20, result.stage.data(), 1, walk, &walked);
    for (std::size_t i = 0; i < x.size(); ++i)
        REQUIRE(walked.gradient[i] == doctest::Approx(result.dx[i]).epsilon(1e-4));
}

}  // namespace

TEST_CASE("the gradient at the first stage's end, pulled back, is the input gradient") {
    check_pulled_back(small_cnn(), {1, 28, 28}, false);
    check_pulled_back(small_resnet(), {3, 8, 8}, false);
    check_pulled_back(small_resnet(), {3, 8, 8}, true);
}

namespace {

/// Gradients of later stages are those of a whole pass, to the bit; the first stage has none.
void check_later(const std::vector<LayerSpec> &layers, const Shape &input, bool training) {
    Net net(layers, input);
    const std::vector<float> x = numbers(20 * net.size, 3);
    const Result all = net.pass(x, ids(20), {.parameters = true}, training, true);
    const Result later = net.pass(x, ids(20), {.parameters = true, .later = true}, training, true);
    std::int64_t of_stage = 0;
    for (std::int64_t i = 0; i < net.graph->stage_parameters; ++i)
        if (net.graph->parameters[i].trainable)
            of_stage += std::ssize(net.graph->parameters[i].gradient);
    REQUIRE(of_stage > 0);
    REQUIRE(of_stage < std::ssize(all.gradients));
    const auto first = later.gradients.begin() + of_stage;
    CHECK(std::all_of(later.gradients.begin(), first, [](float g) { return g == 0; }));
    CHECK(std::equal(first, later.gradients.end(), all.gradients.begin() + of_stage));
    CHECK(all.stage == later.stage);
}

}  // namespace

TEST_CASE("of the parameters only those behind the first stage") {
    check_later(small_cnn(), {1, 28, 28}, false);
    check_later(small_cnn(), {1, 28, 28}, true);
    check_later(small_resnet(), {3, 8, 8}, false);
    check_later(small_resnet(), {3, 8, 8}, true);
}
