// Word vectors normalised by mean and variance, weighted by how often tokens occur: against the
// paper's definition in double, gradients against differences of it.
#include "text_fixture.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

using namespace fixture;

namespace {

const std::int64_t counts[vocabulary] = {0, 40, 7, 13, 1, 1, 2, 30, 6};

Json normalized() {
    return with(embedding(), "normalize", "frequency");
}
LayerList network_of_text() {
    return {normalized(), layer("mean_pool"), named(linear(5), "hidden"), layer("tanh"),
            named(linear(3), "out")};
}

/// The rows less E = sum f v, over sqrt(sum f (v - E)^2), by column (Miyato et al. 2017, section
/// 3).
std::vector<double> definition(const std::vector<double> &v) {
    double total = 0;
    for (const std::int64_t n : counts) total += static_cast<double>(n);
    std::vector<double> all(v.size());
    for (std::int64_t j = 0; j < dim; ++j) {
        const auto at = [&](std::int64_t k) { return v[std::size_t(k * dim + j)]; };
        double mean = 0, variance = 0;
        for (std::int64_t k = 0; k < vocabulary; ++k)
            mean += static_cast<double>(counts[k]) / total * at(k);
        for (std::int64_t k = 0; k < vocabulary; ++k)
            variance += static_cast<double>(counts[k]) / total * std::pow(at(k) - mean, 2);
        for (std::int64_t k = 0; k < vocabulary; ++k)
            all[std::size_t(k * dim + j)] = (at(k) - mean) / std::sqrt(variance + 1e-6);
    }
    return all;
}

struct Looked {
    explicit Looked(int threads = 1) : net(network_of_text(), {length, dim}, threads) {
        REQUIRE(net.graph->lookup_parameters == 2);
        count_tokens(net.graph->parameters[1], counts, vocabulary);
        matrix.emplace(net.graph->parameters[0], net.parallel, &net.graph->parameters[1]);
        vectors.resize(static_cast<std::size_t>(corpus.count * length * dim));
    }
    const std::vector<float> &embed() {
        matrix->embed(corpus.texts(), vectors.data());
        return vectors;
    }
    Corpus corpus{40};
    Net net;
    std::optional<EmbeddingMatrix> matrix;
    std::vector<float> vectors;
};

}  // namespace

TEST_CASE("the vectors of tokens are the rows normalised by their frequency; padding stays zero") {
    Looked text;
    const Parameter &weight = text.net.graph->parameters[0];
    const std::vector<double> wanted = definition({weight.value.begin(), weight.value.end()});
    const std::vector<float> &vectors = text.embed();
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const auto token = std::size_t(text.corpus.tokens[i / dim]);
        const bool padding = text.corpus.mask[i / dim] == 0;
        REQUIRE(vectors[i] ==
                doctest::Approx(padding ? 0 : wanted[token * dim + i % dim]).epsilon(1e-5));
    }
    // Other weights count only once the model is told.
    for (float &value : text.net.graph->parameters[0].value) value = 3 * value + 1;
    const std::vector<float> before = vectors;
    text.matrix->parameters_changed();
    text.embed();
    double apart = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
        apart = std::max(apart, std::abs(double{before[i]} - text.vectors[i]));
    CHECK(apart < 1e-3);  // a scale and a shift do not survive the normalisation
}

TEST_CASE("the gradient goes through mean and deviation, against differences") {
    Looked text;
    text.embed();
    const std::vector<float> gradient = numbers(std::ssize(text.vectors), 12, -1, 1);
    text.net.zero_gradients();
    text.matrix->accumulate(text.corpus.texts(), gradient.data());
    text.matrix->accumulate(text.corpus.texts(), gradient.data());  // adds
    Parameter &weight = text.net.graph->parameters[0];
    std::vector<double> v(weight.value.begin(), weight.value.end());
    const auto value = [&] {
        const std::vector<double> rows = definition(v);
        double sum = 0;
        for (std::size_t i = 0; i < gradient.size(); ++i)
            if (text.corpus.mask[i / dim] != 0)
                sum += 2 * double{gradient[i]} *
                       rows[std::size_t(text.corpus.tokens[i / dim]) * dim + i % dim];
        return sum;
    };
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
        const double here = v[i];
        v[i] = here + 1e-5;
        const double up = value();
        v[i] = here - 1e-5;
        const double slope = (up - value()) / 2e-5;
        v[i] = here;
        difference += std::pow(slope - weight.gradient[i], 2);
        size += slope * slope;
    }
    CHECK(std::sqrt(difference / size) < 1e-5);
}

TEST_CASE("unknown counts take every token to be as frequent; tokens beyond the data never occur") {
    Looked text;
    Parameter &frequency = text.net.graph->parameters[1];
    CHECK_FALSE(frequency.trainable);
    count_tokens(frequency, nullptr, vocabulary);
    for (const float share : frequency.value) CHECK(share == 1.0F / vocabulary);
    count_tokens(frequency, counts, 4);  // a vocabulary smaller than the embedding's
    CHECK(frequency.value[1] == doctest::Approx(40.0 / 60));
    for (std::size_t k = 4; k < frequency.value.size(); ++k) CHECK(frequency.value[k] == 0);
}

TEST_CASE("the number of threads changes no bit of normalised vectors, nor of their gradient") {
    std::vector<float> vectors, gradients;
    for (const int threads : {1, 2, 3}) {
        Looked text(threads);
        text.embed();
        const std::vector<float> gradient = numbers(std::ssize(text.vectors), 12, -1, 1);
        text.matrix->accumulate(text.corpus.texts(), gradient.data());
        if (vectors.empty()) vectors = text.vectors, gradients = text.net.gradients();
        CHECK(text.vectors == vectors);
        CHECK(text.net.gradients() == gradients);
    }
}
