// Steps through the first stage of a model of text: padding and dropout are those of the pass.
// Compared with the whole network, with the network cut in two, and with differences.
#include "text_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace fixture;

namespace {

constexpr std::int64_t texts = 23;

/// Steps that move x by a tenth of their gradient, which is kept.
struct Walk {
    explicit Walk(std::vector<float> start) : x(std::move(start)), dx(x.size()) {}

    spar_stage_steps steps(std::int64_t count, bool full_pass = false) {
        return {sizeof(spar_stage_steps), full_pass ? 1 : 0, count, x.data(), take, this};
    }
    static spar_status take(void *context, std::int64_t first, std::int64_t count, float *x,
                            const float *dx, spar_error *) {
        auto &walk = *static_cast<Walk *>(context);
        constexpr std::int64_t size = length * dim;
        std::copy_n(dx, count * size, walk.dx.begin() + first * size);
        for (std::int64_t i = 0; i < count * size; ++i) x[i] += 0.1F * dx[i];
        return SPAR_OK;
    }

    std::vector<float> x, dx;
};

Json encoder(const char *name) {
    return {{"type", "transformer"}, {"name", name}, {"heads", 2}, {"hidden", 6}};
}

/// A stage of positions, dropout and an encoder layer, with padding inside; then another.
LayerList layers(double drops) {
    LayerList all{embedding(), named(layer("positions"), "places"), dropout(drops),
                  encoder("encoder")};
    all.push_back(encoder("second"));
    all.push_back(named(layer("attention_pool"), "pool"));
    all.push_back(named(linear(3), "out"));
    return all;
}
constexpr std::size_t stage = 4;

struct Text {
    explicit Text(double drops, int threads = 1, std::optional<std::size_t> chosen = {})
        : net(layers(drops), {length, dim}, threads, 1, chosen) {
        net.mask = corpus.mask;
        start.resize(static_cast<std::size_t>(texts * length * dim));
        EmbeddingMatrix(net.graph->parameters[0], net.parallel).embed(corpus.texts(), start.data());
    }
    Corpus corpus{texts};
    Net net;
    std::vector<float> start;
};

double apart(const std::vector<float> &a, const std::vector<float> &b) {
    REQUIRE(a.size() == b.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(double{a[i]} - b[i], 2);
        size += std::pow(double{b[i]}, 2);
    }
    REQUIRE(size > 0);
    return std::sqrt(difference / size);
}

const Wants learns{.parameters = true}, both{.input = true, .parameters = true};

}  // namespace

TEST_CASE("the first stage of a text ends after its first layer that is no embedding or position") {
    Text text(0.3), chosen(0.3, 1, stage), longer(0.3, 1, 5);
    CHECK(text.net.graph->stage_operations == chosen.net.graph->stage_operations);
    CHECK(text.net.graph->stage_operations < longer.net.graph->stage_operations);
    CHECK(text.net.graph->lookup_parameters == 1);
    CHECK_THROWS_AS(network(layers(0), {length, dim}, 1, 1), spar::Error);  // the embedding alone
}

TEST_CASE("the first step goes along the gradient at the input: same padding, same masks") {
    for (const bool training : {false, true}) {
        CAPTURE(training);
        Text text(0.3);
        Walk walk(text.start);
        const spar_stage_steps steps = walk.steps(1);
        const Result whole = text.net.pass(text.start, ids(texts), both, training);
        const Result stepped = text.net.pass(text.start, ids(texts), learns, training, &steps);
        CHECK(stepped.outputs == whole.outputs);
        CHECK(apart(walk.dx, whole.dx) < 1e-5);
        for (std::size_t i = 0; i < walk.x.size(); ++i)
            if (text.corpus.mask[i / dim] == 0) REQUIRE(walk.x[i] == 0);
    }
    // The masks matter: those of a pass in evaluation lead elsewhere.
    Text text(0.3);
    Walk walk(text.start);
    const spar_stage_steps steps = walk.steps(1);
    text.net.pass(text.start, ids(texts), learns, true, &steps);
    CHECK(apart(walk.dx, text.net.pass(text.start, ids(texts), both, false).dx) > 0.05);
}

TEST_CASE("without a step, the gradients are those of the pass, at the input too") {
    for (const bool full_pass : {false, true}) {
        Text text(0.3);
        Walk walk(text.start);
        const spar_stage_steps steps = walk.steps(0, full_pass);
        const Result whole = text.net.pass(text.start, ids(texts), both, true);
        Result stepped = text.net.pass(text.start, ids(texts), both, true, &steps);
        const float times = full_pass ? 2 : 1;
        std::int64_t of_stage = 0;
        for (std::int64_t i = 0; i < text.net.graph->stage_parameters; ++i)
            of_stage += std::ssize(text.net.graph->parameters[i].gradient);
        std::vector<float> wanted = whole.gradients, dx = whole.dx;
        for (std::int64_t i = 0; i < of_stage; ++i) wanted[std::size_t(i)] *= times;
        for (float &value : dx) value *= times;
        CHECK(apart(stepped.gradients, wanted) < 1e-5);
        CHECK(apart(stepped.dx, dx) < 1e-5);
    }
}

TEST_CASE("three steps through the stage, against the network cut in two") {
    for (const bool training : {false, true})
        for (const bool full_pass : {false, true}) {
            CAPTURE(training);
            CAPTURE(full_pass);
            Text text(0.3);
            const LayerList all = layers(0.3);
            LayerList first(all.begin(), all.begin() + std::ptrdiff_t(stage));
            first.push_back(layer("flatten"));
            Net front(first, {length, dim}),
                back({all.begin() + std::ptrdiff_t(stage), all.end()}, {length, dim});
            std::int64_t from = 0;
            for (Net *part : {&front, &back}) {
                for (std::int64_t i = 0; i < part->graph->parameters.size(); ++i, ++from)
                    std::ranges::copy(text.net.graph->parameters[from].value,
                                      part->graph->parameters[i].value.begin());
                part->executor.parameters_changed();
                part->mask = text.corpus.mask;
            }
            const auto names = ids(texts);
            const auto forward = [&](const std::vector<float> &x) {
                std::vector<float> outputs(static_cast<std::size_t>(texts * front.outputs));
                front.executor.pass({.rows = texts,
                                     .x = x.data(),
                                     .mask = front.mask.data(),
                                     .ids = names.data(),
                                     .key = 5,
                                     .training = training,
                                     .tape = 1,
                                     .outputs = outputs.data()});
                return outputs;
            };
            const Result later = back.pass(forward(text.start), names, both, training);
            front.zero_gradients();
            std::vector<float> x = text.start, dx(x.size()), end(x.size());
            const auto learn = [&] {
                front.executor.backward(1, later.dx.data(), both, dx.data());
                for (std::size_t i = 0; i < dx.size(); ++i) end[i] += dx[i];
            };
            if (full_pass) learn();
            for (int step = 0; step < 3; ++step) {
                front.executor.backward(1, later.dx.data(), {.input = true}, dx.data());
                for (std::size_t i = 0; i < dx.size(); ++i) x[i] += 0.1F * dx[i];
                forward(x);
            }
            learn();

            Walk walk(text.start);
            const spar_stage_steps steps = walk.steps(3, full_pass);
            const Result result = text.net.pass(text.start, names, both, training, &steps);
            std::vector<float> gradients = front.gradients();
            gradients.insert(gradients.end(), later.gradients.begin(), later.gradients.end());
            CHECK(apart(walk.x, x) < 1e-5);
            CHECK(apart(result.gradients, gradients) < 1e-4);
            CHECK(apart(result.dx, end) < 1e-4);
        }
}

TEST_CASE("the gradient of a step is that of <p, stage(x)>, by differences, p held") {
    // p does not depend on x where the steps are: with a linear rest, it is the same at both ends.
    LayerList all{embedding(),      named(layer("positions"), "places"),
                  dropout(0.2),     encoder("encoder"),
                  layer("flatten"), named(linear(3), "out")};
    const auto weigh = [](void *, std::int64_t first, std::int64_t count, const float *,
                          float *gradients, spar_error *) -> spar_status {
        for (std::int64_t i = 0; gradients != nullptr && i < count * 3; ++i)
            gradients[i] = static_cast<float>(((first * 3 + i) * 5) % 7) - 2.5F;
        return SPAR_OK;
    };
    Net net(all, {length, dim}, 1, 1, 4);
    const Corpus corpus(4);
    const auto names = ids(4);
    std::vector<float> start = numbers(4 * length * dim, 8, -1, 1), outputs(12);
    const auto pass = [&](const std::vector<float> &x, const spar_stage_steps *steps) {
        net.executor.pass({.rows = 4,
                           .x = x.data(),
                           .mask = corpus.mask.data(),
                           .ids = names.data(),
                           .key = 5,
                           .training = true,
                           .head = weigh,
                           .wants = learns,
                           .outputs = outputs.data(),
                           .stage_steps = steps});
        double sum = 0;
        for (std::size_t i = 0; i < outputs.size(); ++i)
            sum += (static_cast<double>((i * 5) % 7) - 2.5) * outputs[i];
        return sum;
    };
    Walk walk(start);
    const spar_stage_steps steps = walk.steps(2);
    std::vector<float> before = start;
    pass(start, &steps);
    // The second step's gradient was taken where the first had led.
    Walk one(start);
    const spar_stage_steps single = one.steps(1);
    pass(start, &single);
    before = one.x;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < start.size(); i += 7) {
        std::vector<float> up = before, down = before;
        up[i] += 0.02F;
        down[i] -= 0.02F;
        const double slope = (pass(up, nullptr) - pass(down, nullptr)) / (double{up[i]} - down[i]);
        difference += std::pow(slope - walk.dx[i], 2);
        size += slope * slope;
    }
    CHECK(std::sqrt(difference / size) < 1e-3);
}

TEST_CASE("the number of threads changes no bit of the steps on text") {
    std::vector<float> x, gradients, dx;
    for (const int threads : {1, 2, 3}) {
        Text text(0.3, threads);
        Walk walk(text.start);
        const spar_stage_steps steps = walk.steps(2, true);
        const Result result = text.net.pass(text.start, ids(texts), both, true, &steps);
        if (x.empty()) x = walk.x, gradients = result.gradients, dx = result.dx;
        CHECK(walk.x == x);
        CHECK(result.gradients == gradients);
        CHECK(result.dx == dx);
    }
}
