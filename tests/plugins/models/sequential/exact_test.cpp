// The same bits for any number of threads, for any company in the batch, and from run to run.
#include "fixture.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace fixture;

namespace {

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> rows_of(const std::vector<float> &all, std::int64_t first, std::int64_t count,
                           std::int64_t width) {
    return {all.begin() + first * width, all.begin() + (first + count) * width};
}

}  // namespace

TEST_CASE("the number of threads changes no bit") {
    const std::vector<float> x = numbers(200 * 784, 3);
    const auto names = ids(200);
    Result one;
    for (const int threads : {1, 2, 3, 4}) {
        CAPTURE(threads);
        Net net(small_cnn(), {1, 28, 28}, threads);
        for (int repeat = 0; repeat < 2; ++repeat) {
            const Result result = net.pass(x, names, {.input = true, .parameters = true}, true);
            if (threads == 1 && repeat == 0) one = result;
            CHECK(same(result.outputs, one.outputs));
            CHECK(same(result.dx, one.dx));
            CHECK(same(result.gradients, one.gradients));
        }
    }
}

TEST_CASE("an example's numbers do not depend on its batch") {
    const std::int64_t total = 256;
    const std::vector<float> x = numbers(total * 784, 3);
    const auto names = ids(total);
    Net net(small_cnn(), {1, 28, 28}, 2);
    const Result whole = net.pass(x, names, {.input = true}, true);
    for (const std::int64_t batch : {1, 7, 64}) {
        CAPTURE(batch);
        for (std::int64_t first = 0; first + batch <= total; first += batch == 1 ? 37 : batch) {
            const Result part = net.pass(rows_of(x, first, batch, 784),
                                         {names.begin() + first, names.begin() + first + batch},
                                         {.input = true}, true);
            REQUIRE(same(part.outputs, rows_of(whole.outputs, first, batch, 10)));
            REQUIRE(same(part.dx, rows_of(whole.dx, first, batch, 784)));
        }
    }
}

TEST_CASE("nor where convolutions work on several examples together") {
    const Shape shape{180, 11, 9};
    const std::int64_t total = 37, size = 180 * 11 * 9;
    const std::vector<float> x = numbers(total * size, 3);
    const auto names = ids(total);
    Net net({conv(180, 3, 1, 1), layer("relu"), conv(180, 3, 2, 1), layer("relu"), layer("flatten"),
             linear(4)},
            shape, 2);
    const Result whole = net.pass(x, names, {.input = true}, true);
    for (const std::int64_t batch : {1, 2, 5, 16}) {
        CAPTURE(batch);
        for (std::int64_t first = 0; first + batch <= total; first += batch == 1 ? 7 : batch) {
            const Result part = net.pass(rows_of(x, first, batch, size),
                                         {names.begin() + first, names.begin() + first + batch},
                                         {.input = true}, true);
            REQUIRE(same(part.outputs, rows_of(whole.outputs, first, batch, 4)));
            REQUIRE(same(part.dx, rows_of(whole.dx, first, batch, size)));
        }
    }
}

TEST_CASE("rows that hold NaN do not reach their neighbours, nor later batches") {
    std::vector<float> x = numbers(20 * 784, 3);
    Net net(small_cnn(), {1, 28, 28});
    const Wants wants{.input = true, .parameters = true};
    const Result clean = net.pass(x, ids(20), wants);
    std::vector<float> broken = x;
    broken[3 * 784 + 100] = std::nanf("");
    const Result mixed = net.pass(broken, ids(20), {.input = true});
    CHECK(same(rows_of(mixed.outputs, 4, 16, 10), rows_of(clean.outputs, 4, 16, 10)));
    CHECK(same(rows_of(mixed.dx, 4, 16, 784), rows_of(clean.dx, 4, 16, 784)));
    const Result after = net.pass(x, ids(20), wants);
    CHECK(same(after.gradients, clean.gradients));
}

TEST_CASE("a tape gives the same bits as the fused pass, and several live at once") {
    const std::vector<float> a = numbers(40 * 784, 3), b = numbers(40 * 784, 4);
    const auto names = ids(40);
    Net net(small_cnn(), {1, 28, 28}, 2);
    const Wants wants{.input = true, .parameters = true};
    const Result fused_a = net.pass(a, names, wants, true),
                 fused_b = net.pass(b, names, wants, true);
    std::vector<float> outputs(400);
    const auto record = [&](const std::vector<float> &x, int tape) {
        net.executor.pass({.rows = 40,
                           .x = x.data(),
                           .ids = names.data(),
                           .key = 5,
                           .training = true,
                           .tape = tape,
                           .outputs = outputs.data()});
        return outputs;
    };
    const std::vector<float> outputs_a = record(a, 1), outputs_b = record(b, 2);
    CHECK(same(outputs_a, fused_a.outputs));
    CHECK(same(outputs_b, fused_b.outputs));
    const auto pull = [&](const std::vector<float> &at, int tape, const Result &wanted) {
        std::vector<float> g(400), dx(40 * 784);
        for (std::size_t i = 0; i < g.size(); ++i)
            g[i] = cotangent(names[i / 10], static_cast<std::int64_t>(i % 10), at[i]);
        net.zero_gradients();
        net.executor.backward(tape, g.data(), wants, dx.data());
        CHECK(same(dx, wanted.dx));
        CHECK(same(net.gradients(), wanted.gradients));
    };
    pull(outputs_a, 1, fused_a);
    pull(outputs_b, 2, fused_b);
    pull(outputs_a, 1, fused_a);
}

TEST_CASE("dropout depends on key and example, and keeps the share it should") {
    Net net({dropout(0.3), linear(1)}, {1000});
    net.graph->parameters[0].value.assign(1000, 1.0F);
    net.executor.parameters_changed();
    const std::vector<float> x(2000, 1.0F);
    const Result result = net.pass(x, {7, 8}, {.input = true}, true);
    const Result swapped = net.pass(x, {8, 7}, {.input = true}, true);
    CHECK(result.outputs[0] == swapped.outputs[1]);
    CHECK(result.outputs[0] != result.outputs[1]);
    CHECK(result.outputs[0] == doctest::Approx(1000).epsilon(0.06));
    const Result evaluated = net.pass(x, {7, 8}, {.input = true}, false);
    CHECK(evaluated.outputs[0] == evaluated.outputs[1]);
}

TEST_CASE("initial parameters depend on key and name alone") {
    Net a(small_cnn(), {1, 28, 28}, 1, 1), b(small_cnn(), {1, 28, 28}, 1, 1),
        c(small_cnn(), {1, 28, 28}, 1, 2);
    CHECK(a.graph->parameters.size() == 14);
    CHECK(a.graph->parameters[0].name == "0.weight");
    CHECK(a.graph->parameters[13].name == "16.bias");
    CHECK(a.graph->parameters[8].shape == Shape{200, 1024});
    std::size_t count = 0;
    for (std::int64_t i = 0; i < 14; ++i) {
        count += a.graph->parameters[i].value.size();
        CHECK(same(a.graph->parameters[i].value, b.graph->parameters[i].value));
        CHECK_FALSE(same(a.graph->parameters[i].value, c.graph->parameters[i].value));
    }
    CHECK(count == 312202);
}
