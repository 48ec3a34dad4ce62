// Steps through the first stage alone, compared with two networks that are the stage and what
// follows it.
#include "fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace fixture;

namespace {

/// Steps that move x by a hundredth of their gradient, which is kept.
struct Walk {
    explicit Walk(std::vector<float> start) : x(std::move(start)), dx(x.size()) {}

    spar_stage_steps steps(std::int64_t count, bool full_pass = false) {
        return {sizeof(spar_stage_steps), full_pass ? 1 : 0, count, x.data(), take, this};
    }
    static spar_status take(void *context, std::int64_t first, std::int64_t count, float *x,
                            const float *dx, spar_error *) {
        auto &walk = *static_cast<Walk *>(context);
        const auto size = static_cast<std::int64_t>(walk.x.size()) / walk.rows;
        std::copy_n(dx, count * size, walk.dx.begin() + first * size);
        for (std::int64_t i = 0; i < count * size; ++i) x[i] += 0.01F * dx[i];
        return SPAR_OK;
    }

    static constexpr std::int64_t rows = 21;
    std::vector<float> x, dx;
};

constexpr std::int64_t rows = Walk::rows;
const Wants learns{.parameters = true};

void check_close(const std::vector<float> &a, const std::vector<float> &b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(a[i] == doctest::Approx(b[i]).epsilon(2e-4));
}

/// The network, split after its first stage.
struct Cut {
    Cut(const Net &net, LayerList layers, std::size_t length, const Shape &input)
        : front(front_of(layers, length), input, 1, 1, length),
          back({layers.begin() + std::ptrdiff_t(length), layers.end()},
               net.graph->value(net.graph->stage_end).shape) {
        std::int64_t from = 0;
        for (Net *part : {&front, &back}) {
            for (std::int64_t i = 0; i < part->graph->parameters.size(); ++i, ++from) {
                const std::vector<float> &value = net.graph->parameters[from].value;
                REQUIRE(part->graph->parameters[i].value.size() == value.size());
                std::ranges::copy(value, part->graph->parameters[i].value.begin());
            }
            part->executor.parameters_changed();
        }
    }

    static LayerList front_of(const LayerList &layers, std::size_t length) {
        LayerList front(layers.begin(), layers.begin() + std::ptrdiff_t(length));
        front.push_back(layer("flatten"));
        return front;
    }

    /// What the stage gives at x, on tape 1.
    std::vector<float> forward(const std::vector<float> &x) {
        std::vector<float> outputs(static_cast<std::size_t>(rows * front.outputs));
        front.executor.pass({.rows = rows, .x = x.data(), .tape = 1, .outputs = outputs.data()});
        return outputs;
    }

    Net front, back;
};

void check_steps(const LayerList &layers, std::size_t length, const Shape &input,
                 std::optional<std::size_t> chosen = {}, bool training = false) {
    for (const bool full_pass : {false, true}) {
        CAPTURE(layers.size());
        CAPTURE(full_pass);
        CAPTURE(training);
        Net net(layers, input, 2, 1, chosen);
        Cut cut(net, layers, length, input);
        const std::vector<float> start = numbers(rows * net.size, 3);
        Walk walk(start);
        const spar_stage_steps steps = walk.steps(3, full_pass);
        const Result result = net.pass(start, ids(rows), learns, training, &steps);

        const Result later = cut.back.pass(cut.forward(start), ids(rows),
                                           {.input = true, .parameters = true}, training);
        const std::vector<float> &p = later.dx;
        const auto learn = [&] {
            cut.front.executor.backward(1, p.data(), {.parameters = true}, nullptr);
        };
        cut.front.zero_gradients();
        if (full_pass) learn();
        std::vector<float> x = start, dx(x.size());
        for (int step = 0; step < 3; ++step) {
            cut.front.executor.backward(1, p.data(), {.input = true}, dx.data());
            for (std::size_t i = 0; i < dx.size(); ++i) x[i] += 0.01F * dx[i];
            cut.forward(x);
        }
        learn();
        check_close(result.outputs, later.outputs);
        check_close(walk.dx, dx);
        check_close(walk.x, x);
        std::vector<float> gradients = cut.front.gradients();
        gradients.insert(gradients.end(), later.gradients.begin(), later.gradients.end());
        check_close(result.gradients, gradients);
    }
}

}  // namespace

TEST_CASE("steps through the first stage") {
    const Json relu = layer("relu"), bn = layer("batchnorm"), flat = layer("flatten");
    check_steps(small_cnn(), 2, {1, 28, 28});
    check_steps({conv(20, 3, 2, 1), relu, flat, linear(3)}, 2, {3, 9, 8});
    check_steps({conv(16, 3, 2, 1), relu, flat, linear(3)}, 2, {3, 9, 8});
    check_steps({conv(48, 5, 3, 2), relu, flat, linear(3)}, 2, {2, 12, 17});
    check_steps({conv(16, 3, 1, 1), flat, linear(3)}, 1, {1, 9, 8});
    check_steps({conv(20, 3), layer("tanh"), flat, linear(3)}, 2, {3, 9, 8});
    check_steps({conv(20, 3), pool("maxpool", 2, 2), relu, flat, linear(3)}, 3, {1, 9, 8});
    check_steps({conv(5, 3), conv(5, 3), relu, flat, linear(3)}, 1, {1, 9, 8});
    check_steps({bn, relu, flat, linear(3)}, 2, {3, 5, 4});
    check_steps({flat, linear(20), relu, linear(3)}, 3, {1, 9, 8});
    for (const bool training : {false, true})
        check_steps({conv(16, 3), bn, relu, flat, linear(3)}, 1, {3, 9, 8}, {}, training);
}

TEST_CASE("steps through a first stage that the pipeline chooses") {
    const Json relu = layer("relu"), flat = layer("flatten");
    check_steps(small_cnn(), 1, {1, 28, 28}, 1);
    check_steps(small_cnn(), 4, {1, 28, 28}, 4);
    check_steps({conv(8, 3), relu, flat, linear(20), relu, linear(3)}, 5, {1, 9, 8}, 5);
    check_steps({residual({conv(4, 3, 1, 1)}, {conv(4, 1)}), relu, flat, linear(3)}, 2, {3, 6, 5});
    check_steps(small_resnet(), 1, {3, 8, 8});
    check_steps(small_resnet(), 1, {3, 8, 8}, {}, true);
    check_steps(small_resnet(), 4, {3, 8, 8}, 4);
}

TEST_CASE("the first of the steps goes along the gradient at the input") {
    for (const bool training : {false, true}) {
        Net net(small_resnet(), {3, 8, 8});
        Walk walk(numbers(rows * net.size, 3));
        const std::vector<float> start = walk.x;
        const spar_stage_steps steps = walk.steps(1);
        net.pass(start, ids(rows), learns, training, &steps);
        check_close(walk.dx, net.pass(start, ids(rows), {.input = true}, training).dx);
    }
}

TEST_CASE("without a step, the gradients are those of a pass; after the stage bit for bit") {
    for (const auto &[layers, input, stage] : {std::tuple{small_cnn(), Shape{1, 28, 28}, 2},
                                               std::tuple{small_cnn(), Shape{1, 28, 28}, 4},
                                               std::tuple{small_resnet(), Shape{3, 8, 8}, 1},
                                               std::tuple{small_resnet(), Shape{3, 8, 8}, 4}})
        for (const bool training : {false, true}) {
            Net net(layers, input, 1, 1, stage);
            Walk walk(numbers(rows * net.size, 3));
            const spar_stage_steps steps = walk.steps(0);
            const Result all = net.pass(walk.x, ids(rows), learns, training);
            const auto before = net.executor.counters().parameter_gradient.load();
            const Result stepped = net.pass(walk.x, ids(rows), learns, training, &steps);
            CHECK(net.executor.counters().parameter_gradient == before + rows);
            if (!training) check_close(stepped.gradients, all.gradients);
            std::int64_t of_stage = 0;
            for (std::int64_t i = 0; i < net.graph->stage_parameters; ++i)
                of_stage += std::ssize(net.graph->parameters[i].gradient);
            REQUIRE(of_stage > 0);
            REQUIRE(of_stage < std::ssize(all.gradients));
            CHECK(std::equal(stepped.gradients.begin() + of_stage, stepped.gradients.end(),
                             all.gradients.begin() + of_stage));
        }
}

TEST_CASE("the number of threads changes no bit of the steps") {
    for (const auto &[layers, input, stage] : {std::tuple{small_cnn(), Shape{1, 28, 28}, 2},
                                               std::tuple{small_cnn(), Shape{1, 28, 28}, 4},
                                               std::tuple{small_resnet(), Shape{3, 8, 8}, 1}}) {
        std::vector<float> x, gradients;
        for (const int threads : {1, 2, 3}) {
            Net net(layers, input, threads, 1, stage);
            for (int repeat = 0; repeat < 2; ++repeat) {
                Walk walk(numbers(rows * net.size, 3));
                const spar_stage_steps steps = walk.steps(2, true);
                const std::vector<float> start = walk.x;
                const Result result = net.pass(start, ids(rows), learns, true, &steps);
                if (x.empty()) x = walk.x, gradients = result.gradients;
                CHECK(walk.x == x);
                CHECK(result.gradients == gradients);
            }
        }
    }
}
