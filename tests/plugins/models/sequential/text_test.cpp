// Models of text: gradients against central differences through the lookup itself, padding, and the
// same bits for any number of threads.
#include "reference.hpp"
#include "text_fixture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

using namespace fixture;

namespace {

/// The weighted sum of all outputs in double, from the matrix on.
struct Problem {
    LayerList layers;
    const Corpus &corpus;
    reference::Parameters parameters;
    std::vector<double> weights;

    std::vector<double> outputs() const {
        std::vector<double> all;
        for (std::int64_t text = 0; text < corpus.count; ++text) {
            reference::Tensor x{{length, dim}, {}};
            for (std::int64_t i = text * length; i < (text + 1) * length; ++i)
                for (std::int64_t j = 0; j < dim; ++j)
                    x.values.push_back(
                        corpus.mask[std::size_t(i)] *
                        parameters.at(
                            "0.weight")[std::size_t(corpus.tokens[std::size_t(i)] * dim + j)]);
            for (std::int64_t i = text * length; i < (text + 1) * length; ++i)
                x.tokens.push_back(corpus.mask[std::size_t(i)] != 0);
            // Its own name, or the place behind the embedding.
            LayerList behind(layers.begin() + 1, layers.end());
            for (std::size_t k = 0; k < behind.size(); ++k)
                if (!behind[k].contains("name")) behind[k]["name"] = std::to_string(k + 1);
            x = reference::forward(behind, parameters, {x})[0];
            all.insert(all.end(), x.values.begin(), x.values.end());
        }
        return all;
    }
    double value() const {
        const std::vector<double> all = outputs();
        double sum = 0;
        for (std::size_t i = 0; i < all.size(); ++i) sum += weights[i] * all[i];
        return sum;
    }
};

bool same(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void refuse(const std::function<void()> &work, const std::string &pointer,
            const std::string &message) {
    try {
        work();
        FAIL("was accepted");
    } catch (const spar::Error &error) {
        CHECK(error.pointer() == pointer);
        CHECK_MESSAGE(std::string(error.what()).find(message) != std::string::npos, error.what());
    }
}

}  // namespace

TEST_CASE("gradients of models of text, down to the matrix of word embeddings") {
    for (const auto &layers : networks) {
        CAPTURE(layers[1].dump());
        const Corpus corpus(6);
        Net net(layers, {length, dim});
        const TextResult result = run(net, corpus);
        Problem problem{layers, corpus, {}, {}};
        for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
            const Parameter &p = net.graph->parameters[i];
            problem.parameters[p.name] = {p.value.begin(), p.value.end()};
        }
        const std::vector<double> outputs = problem.outputs();
        REQUIRE(outputs.size() == result.outputs.size());
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            CHECK(outputs[i] == doctest::Approx(result.outputs[i]).epsilon(1e-4));
            problem.weights.push_back(cotangent(100 + static_cast<std::int64_t>(i) / net.outputs,
                                                static_cast<std::int64_t>(i) % net.outputs,
                                                result.outputs[i]));
        }
        std::size_t at = 0;
        for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
            auto &values = problem.parameters[net.graph->parameters[i].name];
            CAPTURE(net.graph->parameters[i].name);
            double apart = 0, size = 0;
            // Differences are slow: of many values every third.
            for (std::size_t k = 0; k<values.size(); k += values.size()> 200 ? 3 : 1) {
                const double wanted = reference::slope(values[k], [&] { return problem.value(); });
                apart += std::pow(wanted - result.gradients[at + k], 2);
                size += wanted * wanted;
            }
            at += values.size();
            CHECK(std::sqrt(apart / size) < 3e-4);  // some sums all but cancel
        }
    }
}

TEST_CASE("values at padding have no influence and no gradient") {
    for (const auto &layers : networks) {
        CAPTURE(layers[1].dump());
        const Corpus corpus(40);
        Net net(layers, {length, dim}, 2);
        const TextResult clean = run(net, corpus);
        std::vector<float> changed = clean.vectors;
        for (std::size_t i = 0; i < changed.size(); ++i) {
            if (corpus.mask[i / dim] != 0) continue;
            CHECK(clean.vectors[i] == 0);
            CHECK(clean.dx[i] == 0);
            changed[i] = std::nanf("");
        }
        const TextResult other = run(net, corpus, &changed);
        CHECK(same(other.outputs, clean.outputs));
        CHECK(same(other.dx, clean.dx));
        CHECK(same(other.gradients, clean.gradients));
    }
    Corpus blank(3);
    std::fill(blank.mask.begin(), blank.mask.end(), 0.0F);
    Net net(networks[0], {length, dim});
    const TextResult nothing = run(net, blank);
    for (const float value : nothing.outputs) CHECK(std::isfinite(value));
    for (const float value : nothing.dx) CHECK(value == 0);
}

TEST_CASE("the number of threads changes no bit of a model of text, nor does the company") {
    for (const auto &layers : networks) {
        CAPTURE(layers[1].dump());
        const Corpus corpus(203);
        TextResult one;
        for (const int threads : {1, 2, 3, 4}) {
            CAPTURE(threads);
            Net net(layers, {length, dim}, threads);
            const TextResult result = run(net, corpus);
            if (threads == 1) one = result;
            CHECK(same(result.vectors, one.vectors));
            CHECK(same(result.outputs, one.outputs));
            CHECK(same(result.dx, one.dx));
            CHECK(same(result.gradients, one.gradients));
        }
        Corpus few(203);
        few.count = 5;
        Net net(layers, {length, dim});
        const TextResult part = run(net, few);
        CHECK(std::equal(part.dx.begin(), part.dx.end(), one.dx.begin()));
        CHECK(std::equal(part.outputs.begin(), part.outputs.end(), one.outputs.begin()));
    }
}

TEST_CASE("a tape of a text keeps its padding") {
    for (const auto &layers : networks) {
        CAPTURE(layers[1].dump());
        const Corpus corpus(20);
        Net net(layers, {length, dim});
        const TextResult fused = run(net, corpus);
        std::vector<float> outputs(fused.outputs.size()), g(outputs.size()), dx(fused.dx.size());
        net.executor.pass({.rows = corpus.count,
                           .x = fused.vectors.data(),
                           .mask = corpus.mask.data(),
                           .tape = 1,
                           .outputs = outputs.data()});
        for (std::size_t i = 0; i < g.size(); ++i)
            g[i] = cotangent(100 + static_cast<std::int64_t>(i) / net.outputs,
                             static_cast<std::int64_t>(i) % net.outputs, outputs[i]);
        run(net, Corpus(33));  // in the workers' own memory
        net.executor.backward(1, g.data(), {.input = true}, dx.data());
        CHECK(same(dx, fused.dx));
    }
}

TEST_CASE("an embedding is called, shaped and begun as PyTorch's") {
    const Json big = with(with(embedding(), "vocabulary", 5000), "std", 1.0);
    Net net({big, layer("mean_pool"), linear(2)}, {length, dim});
    const Parameter &weight = net.graph->parameters[0];
    CHECK(weight.name == "0.weight");
    CHECK(weight.shape == Shape{5000, dim});
    double sum = 0, squares = 0;
    for (const float value : weight.value) {
        sum += value;
        squares += double{value} * value;
    }
    CHECK(std::abs(sum / 1e5) < 0.02);
    CHECK(squares / 1e5 == doctest::Approx(1).epsilon(0.02));
    CHECK(net.graph->parameters[1].name == "2.weight");
}

TEST_CASE("what does not fit a model of text is refused with its place") {
    const auto input = [](const LayerList &layers, bool tokens, const Shape &shape) {
        return [=] { graph_input(Stack(layers).layers(), {shape, tokens, vocabulary}); };
    };
    constexpr bool values = false, tokens = true;
    refuse(input({embedding(), linear(2)}, values, {1, 28, 28}), "/layers/0",
           "layers/0 (embedding): needs tokens of a text, but the data holds values [1,28,28]");
    refuse(
        input({linear(2)}, tokens, {length}), "/layers/0",
        R"(tokens [6], so the first layer must turn them into vectors; begin with {"type": "emb)");
    refuse(input({layer("relu"), embedding()}, tokens, {length}), "/layers/1",
           "layers/1 (embedding): reads the tokens, so it can only be the first layer");
    const Json small = with(embedding(), "vocabulary", vocabulary - 1);
    refuse(input({small}, tokens, {length}), "/layers/0",
           "has a vocabulary of 8 tokens, but the data has 9");
    refuse(
        [] {
            Net({layer("relu"), embedding(), linear(2)}, {length, dim});
        },
        "/layers/1", "can only be the first layer");
    refuse(
        [] {
            Net({layer("mean_pool"), linear(2)}, {1, 6, 6});
        },
        "/layers/0",
        "layers/0 (mean_pool): needs the vectors of a text [length, dim], got [1,6,6]");
    Corpus corpus(2);
    corpus.tokens[1 + length] = vocabulary;
    Net net(networks[0], {length, dim});
    refuse([&] { run(net, corpus); }, "", "token 9 at position 1 of a text, expected 0 to 8");
    corpus.mask[1 + length] = 0;
    CHECK_NOTHROW(run(net, corpus));
}
