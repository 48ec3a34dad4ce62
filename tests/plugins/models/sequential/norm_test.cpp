// Normalisation in evaluation and in training: gradients, running statistics, and the same bits
// whatever the threads and, where examples are not coupled, the company.
#include "gradient_check.hpp"

#include <cstring>

using namespace fixture;

namespace {

const Json bn = layer("batchnorm"), relu = layer("relu"), flat = layer("flatten");

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

bool same(const Result &a, const Result &b) {
    return same(a.outputs, b.outputs) && same(a.dx, b.dx) && same(a.gradients, b.gradients);
}

/// Values of all buffers.
std::vector<float> buffers(Net &net) {
    std::vector<float> all;
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i)
        if (const Parameter &p = net.graph->parameters[i]; !p.trainable)
            all.insert(all.end(), p.value.begin(), p.value.end());
    return all;
}

std::vector<float> &parameter(Net &net, const std::string &name) {
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i)
        if (net.graph->parameters[i].name == name) return net.graph->parameters[i].value;
    throw std::runtime_error("no parameter " + name);
}

}  // namespace

TEST_CASE("gradients of batchnorm") {
    for (const bool training : {false, true}) {
        CAPTURE(training);
        const Check few{.rows = 5, .training = training},
            more{.rows = 21, .training = training, .most = 8};
        check_network({linear(5), bn, linear(3)}, {7}, few);
        check_network({linear(20), bn, relu, linear(3)}, {7}, more);
        check_network({bn, linear(3)}, {18}, more);
        check_network({bn, conv(6, 3), bn, leaky(0.2), flat, linear(3)}, {2, 5, 6}, few);
        check_network(
            {conv(20, 3), relu, bn, layer("tanh"), conv(17, 2), bn, relu, flat, bn, linear(3)},
            {3, 5, 4}, more);
        check_network({bn, flat, linear(3)}, {17, 3, 2}, few);
        // More micro-batches than sums of gradients.
        check_network({linear(4), bn, relu, linear(3), bn}, {5},
                      {.rows = 150, .training = training, .most = 6});
    }
}

TEST_CASE("gradients of groupnorm") {
    check_network({groupnorm(2), linear(3)}, {6});
    check_network({linear(40), groupnorm(4), relu, linear(3)}, {7}, {.rows = 18, .most = 8});
    for (const std::int64_t groups : {1, 3, 6}) {
        CAPTURE(groups);
        check_network({conv(6, 3), groupnorm(groups), leaky(0.1), flat, linear(3)}, {2, 5, 6});
        check_network({conv(36, 3), groupnorm(groups), conv(3, 2), groupnorm(1), flat, linear(3)},
                      {2, 5, 4});
    }
}

TEST_CASE("gradients through a residual network with batchnorm") {
    for (const bool training : {false, true}) {
        CAPTURE(training);
        check_network(small_resnet(6), {3, 6, 6}, {.rows = 4, .training = training, .most = 10});
        check_network(small_resnet(9), {2, 4, 4}, {.rows = 18, .training = training, .most = 3});
    }
}

TEST_CASE("running statistics follow a batch as PyTorch's do") {
    const Json slow = with(bn, "momentum", 0.25);
    Net net({slow, flat, linear(2)}, {3, 2, 2});
    const std::int64_t rows = 37;
    std::vector<double> mean(3, 0.0), variance(3, 1.0);
    for (int step = 0; step < 3; ++step) {
        const std::vector<float> x =
            numbers(rows * 12, 50 + static_cast<std::uint64_t>(step), -1, 7);
        net.pass(x, ids(rows), {.parameters = true}, true);
        for (std::size_t c = 0; c < 3; ++c) {
            std::vector<double> values;
            for (std::size_t i = 0; i < x.size(); ++i)
                if (i / 4 % 3 == c) values.push_back(x[i]);
            const auto n = static_cast<double>(values.size());
            double sum = 0, squares = 0;
            for (const double v : values) sum += v / n;
            for (const double v : values) squares += (v - sum) * (v - sum);
            mean[c] = 0.75 * mean[c] + 0.25 * sum;
            variance[c] = 0.75 * variance[c] + 0.25 * squares / (n - 1);
            CHECK(parameter(net, "0.running_mean")[c] == doctest::Approx(mean[c]).epsilon(1e-6));
            CHECK(parameter(net, "0.running_var")[c] == doctest::Approx(variance[c]).epsilon(1e-6));
        }
        CHECK(parameter(net, "0.num_batches_tracked")[0] == static_cast<float>(step + 1));
    }
}

TEST_CASE("statistics survive a mean far from zero") {
    Net net({bn, linear(1)}, {1});
    std::vector<float> x = numbers(64, 5);
    for (float &value : x) value += 4096;
    const Result far = net.pass(x, ids(64), {.input = true}, true);
    for (float &value : x) value -= 4096;
    const Result near = net.pass(x, ids(64), {.input = true}, true);
    for (std::size_t i = 0; i < x.size(); ++i)
        CHECK(far.outputs[i] == doctest::Approx(near.outputs[i]).epsilon(1e-3));
}

TEST_CASE("only a pass in training that takes parameter gradients moves running statistics") {
    Net net(small_resnet(), {3, 8, 8});
    const std::vector<float> x = numbers(20 * net.size, 3);
    const std::vector<float> before = buffers(net);
    net.pass(x, ids(20), {}, true);
    net.pass(x, ids(20), {.input = true}, true);
    net.pass(x, ids(20), {.input = true, .parameters = true}, false);
    std::vector<float> outputs(60), dx(x.size());
    const auto record = [&] {
        net.executor.pass(
            {.rows = 20, .x = x.data(), .training = true, .tape = 1, .outputs = outputs.data()});
    };
    record();
    net.executor.backward(1, outputs.data(), {.input = true}, dx.data());
    CHECK(same(buffers(net), before));

    record();
    for (int again = 0; again < 2; ++again)  // once for what was recorded once
        net.executor.backward(1, outputs.data(), {.parameters = true}, nullptr);
    const std::vector<float> after = buffers(net);
    CHECK_FALSE(same(after, before));
    CHECK(parameter(net, "2.num_batches_tracked")[0] == 1);

    Net other(small_resnet(), {3, 8, 8});
    other.pass(x, ids(20), {.input = true, .parameters = true}, true);
    CHECK(same(buffers(other), after));
}

TEST_CASE("a single value a channel has no variance to train with") {
    Net net({linear(4), bn, linear(2)}, {3});
    const std::vector<float> x = numbers(3, 3);
    try {
        net.pass(x, ids(1), {.parameters = true}, true);
        FAIL("was accepted");
    } catch (const spar::Error &error) {
        CHECK(error.pointer() == "/layers/1");
        CHECK(std::string(error.what())
                  .find("layers/1 (batchnorm): in training it needs more than "
                        "one value a channel") == 0);
    }
    net.pass(x, ids(1), {.parameters = true}, false);
}

TEST_CASE("in training with batchnorm the number of threads changes no bit") {
    const std::int64_t rows = 200;
    const std::vector<float> x = numbers(rows * 192, 3);
    LayerList layers = small_resnet();
    layers.insert(layers.begin() + 4, dropout(0.3));
    const Wants both{.input = true, .parameters = true};
    Result one;
    std::vector<float> statistics;
    for (const int threads : {1, 2, 3, 4}) {
        CAPTURE(threads);
        Net net(layers, {3, 8, 8}, threads);
        for (int repeat = 0; repeat < 2; ++repeat) {
            const Result result = net.pass(x, ids(rows), both, true);
            if (threads == 1 && repeat == 0) one = result;
            CHECK(same(result, one));
        }
        if (threads == 1) statistics = buffers(net);
        CHECK(same(buffers(net), statistics));
        // Batches of other sizes in between, in other modes, leave nothing behind.
        net.pass({x.begin(), x.begin() + 5 * 192}, ids(5), both, true);
        net.pass(x, ids(rows), both, false);
        CHECK(same(net.pass(x, ids(rows), both, true), one));
    }
}

TEST_CASE("in training with batchnorm a tape gives the bits of the fused pass") {
    const std::vector<float> a = numbers(40 * 192, 3), b = numbers(40 * 192, 4);
    const auto names = ids(40);
    Net net(small_resnet(), {3, 8, 8}, 2);
    const Wants both{.input = true, .parameters = true};
    const Result fused_a = net.pass(a, names, both, true), fused_b = net.pass(b, names, both, true);
    std::vector<float> outputs_a(120), outputs_b(120), dx(a.size()), g(120);
    const auto record = [&](const std::vector<float> &x, int tape, std::vector<float> &outputs) {
        net.executor.pass({.rows = 40,
                           .x = x.data(),
                           .ids = names.data(),
                           .key = 5,
                           .training = true,
                           .tape = tape,
                           .outputs = outputs.data()});
    };
    record(a, 1, outputs_a);
    record(b, 2, outputs_b);
    const auto pull = [&](const std::vector<float> &outputs, int tape, const Result &wanted) {
        CHECK(same(outputs, wanted.outputs));
        for (std::size_t i = 0; i < g.size(); ++i)
            g[i] = cotangent(names[i / 3], static_cast<std::int64_t>(i % 3), outputs[i]);
        net.zero_gradients();
        net.executor.backward(tape, g.data(), both, dx.data());
        CHECK(same(dx, wanted.dx));
        CHECK(same(net.gradients(), wanted.gradients));
    };
    pull(outputs_a, 1, fused_a);
    pull(outputs_b, 2, fused_b);
    pull(outputs_a, 1, fused_a);
}

TEST_CASE("in evaluation an example's numbers do not depend on its batch") {
    const std::int64_t total = 256, size = 192;
    const std::vector<float> x = numbers(total * size, 3);
    const auto names = ids(total);
    LayerList layers = small_resnet();
    layers.insert(layers.begin() + 2, groupnorm(4));
    Net net(layers, {3, 8, 8}, 2);
    scatter_parameters(net);
    const Result whole = net.pass(x, names, {.input = true});
    const auto rows = [](const std::vector<float> &all, std::int64_t first, std::int64_t count,
                         std::int64_t width) -> std::vector<float> {
        return {all.begin() + first * width, all.begin() + (first + count) * width};
    };
    for (const std::int64_t batch : {1, 7, 64, 256}) {
        CAPTURE(batch);
        for (std::int64_t first = 0; first + batch <= total; first += batch == 1 ? 37 : batch) {
            const Result part =
                net.pass(rows(x, first, batch, size),
                         {names.begin() + first, names.begin() + first + batch}, {.input = true});
            REQUIRE(same(part.outputs, rows(whole.outputs, first, batch, 3)));
            REQUIRE(same(part.dx, rows(whole.dx, first, batch, size)));
        }
    }
}

TEST_CASE("a changed running statistic changes evaluation, and no training") {
    Net net({linear(4), bn, linear(2)}, {3});
    const std::vector<float> x = numbers(24, 3);
    const Result evaluated = net.pass(x, ids(8), {}), trained = net.pass(x, ids(8), {}, true);
    for (float &value : parameter(net, "1.running_mean")) value += 0.5F;
    net.executor.parameters_changed();
    CHECK_FALSE(same(net.pass(x, ids(8), {}).outputs, evaluated.outputs));
    CHECK(same(net.pass(x, ids(8), {}, true).outputs, trained.outputs));
}
