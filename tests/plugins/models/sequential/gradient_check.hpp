// A network's gradients against central differences of the plain reference.
#pragma once

#include "fixture.hpp"
#include "reference.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace fixture {

/// Weighted by the reference's own cotangent, the outputs of all rows as one number.
struct Problem {
    LayerList layers;
    bool training;
    reference::Parameters parameters;
    std::vector<reference::Tensor> rows;
    std::vector<std::vector<double>> weights;

    double value() const {
        const auto y = reference::forward(layers, parameters, rows, training);
        double sum = 0;
        for (std::size_t r = 0; r < rows.size(); ++r)
            for (std::size_t k = 0; k < y[r].values.size(); ++k)
                sum += weights[r][k] * y[r].values[k];
        return sum;
    }
};

/// Differences are slow: about this many of a tensor's values are checked, evenly spread.
inline std::size_t stride(std::size_t size, std::size_t most) {
    return size / most + 1;
}

inline std::vector<double> slopes(std::vector<double> &arguments, const Problem &problem,
                                  std::size_t most) {
    std::vector<double> result;
    for (std::size_t i = 0; i < arguments.size(); i += stride(arguments.size(), most))
        result.push_back(reference::slope(arguments[i], [&] { return problem.value(); }));
    return result;
}

inline std::vector<float> sample(const std::vector<float> &all, std::size_t most) {
    std::vector<float> result;
    for (std::size_t i = 0; i < all.size(); i += stride(all.size(), most)) result.push_back(all[i]);
    return result;
}

/// Relative, but for gradients that are zero, as that of a bias before batchnorm: there rounding
/// leaves something.
inline double error_of(const std::vector<double> &wanted, const std::vector<float> &got) {
    REQUIRE(wanted.size() == got.size());
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        difference += (wanted[i] - got[i]) * (wanted[i] - got[i]);
        norm += wanted[i] * wanted[i];
    }
    return std::sqrt(difference / (norm + 1e-3));
}

struct Check {
    std::int64_t rows = 3;
    bool training = false;
    float low = -1;         /// least input; the largest is 1
    std::size_t most = 24;  /// values of a tensor that are looked at
    bool padded = false;    /// rows are texts [length, dim], each shorter than the one before
};

/// Of texts whose lengths go down from the whole to 1, and up again to the whole.
inline std::vector<float> padding_of(std::int64_t rows, std::int64_t length) {
    std::vector<float> mask;
    for (std::int64_t i = 0; i < rows * length; ++i)
        mask.push_back(i % length < length - i / length % length ? 1.0F : 0.0F);
    return mask;
}

inline void check_network(const LayerList &layers, const Shape &input, const Check &check = {}) {
    Net net(layers, input);
    scatter_parameters(net);
    if (check.padded) net.mask = padding_of(check.rows, input[0]);
    Problem problem{layers, check.training, {}, {}, {}};
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        problem.parameters[parameter.name] = {parameter.value.begin(), parameter.value.end()};
    }
    const std::vector<float> x = numbers(check.rows * net.size, 9, check.low, 1);
    // An attack's pass keeps less of the forward pass.
    const Result alone = net.pass(x, ids(check.rows), {.input = true}, check.training);
    const Result result =
        net.pass(x, ids(check.rows), {.input = true, .parameters = true}, check.training);
    CHECK(error_of({result.dx.begin(), result.dx.end()}, alone.dx) < 1e-5);

    for (std::int64_t r = 0; r < check.rows; ++r) {
        problem.rows.push_back({input, {x.begin() + r * net.size, x.begin() + (r + 1) * net.size}});
        if (check.padded)
            problem.rows.back().tokens.assign(net.mask.begin() + r * input[0],
                                              net.mask.begin() + (r + 1) * input[0]);
        problem.weights.emplace_back();
        for (std::int64_t k = 0; k < net.outputs; ++k)
            problem.weights.back().push_back(cotangent(
                100 + r, k, result.outputs[static_cast<std::size_t>(r * net.outputs + k)]));
    }
    std::vector<double> outputs;
    for (const auto &y :
         reference::forward(layers, problem.parameters, problem.rows, check.training))
        outputs.insert(outputs.end(), y.values.begin(), y.values.end());
    CHECK(error_of(outputs, result.outputs) < 1e-5);

    for (std::int64_t r = 0; r < check.rows; r += check.rows / 4 + 1) {
        const std::vector<float> dx{result.dx.begin() + r * net.size,
                                    result.dx.begin() + (r + 1) * net.size};
        auto &row = problem.rows[static_cast<std::size_t>(r)].values;
        CHECK(error_of(slopes(row, problem, check.most), sample(dx, check.most)) < 1e-3);
    }
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &parameter = net.graph->parameters[i];
        if (!parameter.trainable) continue;
        CAPTURE(parameter.name);
        const auto wanted = slopes(problem.parameters[parameter.name], problem, check.most);
        CHECK(error_of(wanted, sample(parameter.gradient, check.most)) < 1e-3);
    }
}

}  // namespace fixture
