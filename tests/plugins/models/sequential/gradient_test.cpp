// Every layer against central differences of the plain reference.
#include "fixture.hpp"
#include "reference.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace fixture;

namespace {

/// Weighted by the reference's own cotangent, the outputs of all rows as one number.
struct Problem {
    std::vector<LayerSpec> layers;
    Shape input;
    reference::Parameters parameters;
    std::vector<reference::Tensor> rows;
    std::vector<std::vector<double>> weights;

    double value() const {
        double sum = 0;
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const auto y = reference::forward(layers, parameters, rows[r]);
            for (std::size_t k = 0; k < y.values.size(); ++k) sum += weights[r][k] * y.values[k];
        }
        return sum;
    }
};

/// Differences are slow: at most so many of a tensor's values are checked, evenly spread.
constexpr std::size_t most = 24;

std::vector<double> slopes(std::vector<double> &arguments, const Problem &problem) {
    std::vector<double> result;
    const std::size_t step = arguments.size() / most + 1;
    for (std::size_t i = 0; i < arguments.size(); i += step)
        result.push_back(reference::slope(arguments[i], [&] { return problem.value(); }));
    return result;
}

std::vector<float> sample(const std::vector<float> &all) {
    std::vector<float> result;
    for (std::size_t i = 0; i < all.size(); i += all.size() / most + 1) result.push_back(all[i]);
    return result;
}

double error_of(const std::vector<double> &wanted, const std::vector<float> &got) {
    REQUIRE(wanted.size() == got.size());
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        difference += (wanted[i] - got[i]) * (wanted[i] - got[i]);
        norm += wanted[i] * wanted[i];
    }
    return std::sqrt(difference / (norm + 1e-12));
}

void check_network(const std::vector<LayerSpec> &layers, const Shape &input, float low = -1) {
    Net net(layers, input);
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        auto &values = net.graph->parameters[i].value;
        const auto fresh = numbers(static_cast<std::int64_t>(values.size()),
                                   static_cast<std::uint64_t>(40 + i), -0.4F, 0.4F);
        std::copy(fresh.begin(), fresh.end(), values.begin());  // in the memory that is known
    }
    net.executor.parameters_changed();
    const std::int64_t rows = 3;
    const std::vector<float> x = numbers(rows * net.size, 9, low, 1);
    const Result result = net.pass(x, ids(rows), {.input = true, .parameters = true});

    Problem problem{layers, input, {}, {}, {}};
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        problem.parameters[parameter.name] = {parameter.value.begin(), parameter.value.end()};
    }
    std::vector<double> outputs;
    for (std::int64_t r = 0; r < rows; ++r) {
        problem.rows.push_back({input, {x.begin() + r * net.size, x.begin() + (r + 1) * net.size}});
        const auto y = reference::forward(layers, problem.parameters, problem.rows.back());
        outputs.insert(outputs.end(), y.values.begin(), y.values.end());
        problem.weights.emplace_back();
        for (std::int64_t k = 0; k < net.outputs; ++k)
            problem.weights.back().push_back(cotangent(
                100 + r, k, result.outputs[static_cast<std::size_t>(r * net.outputs + k)]));
    }
    CHECK(error_of(outputs, result.outputs) < 1e-5);

    for (std::int64_t r = 0; r < rows; ++r) {
        const std::vector<float> dx{result.dx.begin() + r * net.size,
                                    result.dx.begin() + (r + 1) * net.size};
        auto &row = problem.rows[static_cast<std::size_t>(r)].values;
        CHECK(error_of(slopes(row, problem), sample(dx)) < 1e-3);
    }
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        CAPTURE(parameter.name);
        const auto wanted = slopes(problem.parameters[parameter.name], problem);
        CHECK(error_of(wanted, sample(parameter.gradient)) < 1e-3);
    }
}

LayerSpec leaky(double slope) {
    LayerSpec spec = layer("leaky_relu");
    spec.slope = slope;
    return spec;
}

}  // namespace

TEST_CASE("gradients of linear layers") {
    check_network({linear(5)}, {7});
    check_network({linear(20), layer("relu"), linear(3)}, {7});
    LayerSpec unbiased = linear(4);
    unbiased.bias = false;
    check_network({layer("flatten"), unbiased}, {2, 3, 3});
}

TEST_CASE("gradients of convolutions") {
    for (const std::int64_t channels : {1, 2, 3, 5, 20}) {
        CAPTURE(channels);
        check_network({conv(6, 3), layer("flatten"), linear(3)}, {channels, 6, 7});
        check_network({conv(32, 4), layer("flatten"), linear(3)}, {channels, 5, 13});
        check_network({conv(16, 3, 2, 1), layer("relu"), layer("flatten"), linear(3)},
                      {channels, 7, 6});
    }
    check_network({conv(16, 5, 3, 2), leaky(0.2), layer("flatten"), linear(3)}, {1, 11, 10});
    check_network({conv(33, 1), layer("tanh"), layer("flatten"), linear(3)}, {3, 3, 3});
    LayerSpec unbiased = conv(5, 2);
    unbiased.bias = false;
    check_network(
        {unbiased, layer("relu"), conv(17, 2), layer("relu"), layer("flatten"), linear(3)},
        {1, 5, 5});
}

TEST_CASE("gradients of activations") {
    for (const char *type : {"relu", "tanh", "sigmoid"}) {
        CAPTURE(type);
        check_network({layer(type), linear(3)}, {9});
        check_network({linear(9), layer(type), linear(3)}, {9});
        check_network({conv(3, 2), layer(type), layer("flatten"), linear(3)}, {2, 4, 4});
        check_network({conv(3, 2), layer("tanh"), layer(type), layer("flatten"), linear(3)},
                      {2, 4, 4});
    }
    check_network({linear(9), leaky(0.1), leaky(0.3), linear(3)}, {9});
}

TEST_CASE("gradients of pooling") {
    for (const char *type : {"maxpool", "avgpool"}) {
        CAPTURE(type);
        for (const std::int64_t channels : {1, 19}) {
            check_network({pool(type, 2, 2), layer("flatten"), linear(3)}, {channels, 5, 6});
            check_network({pool(type, 3, 2, 1), layer("flatten"), linear(3)}, {channels, 7, 6});
            check_network({pool(type, 2, 3), layer("flatten"), linear(3)}, {channels, 8, 7});
        }
        check_network({conv(4, 3), layer("relu"), pool(type, 2, 2), conv(20, 2), leaky(0.3),
                       pool(type, 3, 1, 1), layer("flatten"), linear(3)},
                      {1, 8, 8});
    }
    check_network({conv(20, 2), layer("global_avgpool"), layer("flatten"), linear(3)}, {3, 5, 4});
}

TEST_CASE("gradients of normalize and, in evaluation, dropout") {
    LayerSpec normalize = layer("normalize");
    normalize.mean = {0.1, 0.2};
    normalize.deviation = {0.5, 2};
    check_network({normalize, conv(4, 2), layer("relu"), dropout(0.4), layer("flatten"), linear(3)},
                  {2, 4, 4});
    check_network({conv(2, 2), normalize, layer("flatten"), dropout(0.4), linear(3)}, {2, 4, 4});
}
