// The functions of single values against double precision, for every instruction set there is.
#include "every_table.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace sequential;
using spar::test::tables;

namespace {

double normal(double x) {
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

struct Function {
    const char *name;
    double (*value)(double);
    double (*slope)(double);
    void (*Kernels::*values)(const float *, float *, std::int64_t);
    void (*Kernels::*gradient)(const float *, float *, std::int64_t);
    bool from_output;
};

const Function functions[] = {
    {"tanh", [](double x) { return std::tanh(x); },
     [](double x) { return 1 / std::cosh(x) / std::cosh(x); }, &Kernels::tanh,
     &Kernels::tanh_gradient, true},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); },
     [](double x) { return 1 / (1 + std::exp(-x)) / (1 + std::exp(x)); }, &Kernels::sigmoid,
     &Kernels::sigmoid_gradient, true},
    {"gelu", [](double x) { return x * normal(x); },
     [](double x) { return normal(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI); },
     &Kernels::gelu, &Kernels::gelu_gradient, false}};

}  // namespace

TEST_CASE("activations and their slopes are right to the last digits") {
    std::vector<float> x;
    for (double value = -40; value <= 40; value += 0.00317) x.push_back(static_cast<float>(value));
    for (double value = 1e-30; value < 1; value *= 1.7) {
        x.push_back(static_cast<float>(value));
        x.push_back(static_cast<float>(-value));
    }
    const auto count = static_cast<std::int64_t>(x.size());
    for (const Kernels *table : tables())
        for (const Function &function : functions) {
            CAPTURE(table->block);
            CAPTURE(function.name);
            std::vector<float> y(x.size()), g(x.size(), 1.0F);
            (table->*function.values)(x.data(), y.data(), count);
            (table->*function.gradient)(function.from_output ? y.data() : x.data(), g.data(),
                                        count);
            double worst = 0, worst_slope = 0;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double wanted = function.value(x[i]), slope = function.slope(x[i]);
                if (std::abs(wanted) > 1e-30)
                    worst = std::max(worst, std::abs(y[i] - wanted) / std::abs(wanted));
                worst_slope = std::max(worst_slope, std::abs(g[i] - slope));
            }
            // gelu at -11 is 1e-29, by e^(-60), whose argument is rounded.
            CHECK(worst < (function.values == &Kernels::gelu ? 2e-5 : 3e-7));
            CHECK(worst_slope < 3e-7);
        }
}

TEST_CASE("activations at the ends, and of what is no number") {
    constexpr float infinite = std::numeric_limits<float>::infinity();
    const std::vector<float> x{-infinite, -1000, -0.0F, 0.0F, 1000, infinite, std::nanf("")};
    const auto count = static_cast<std::int64_t>(x.size());
    for (const Kernels *table : tables()) {
        CAPTURE(table->block);
        std::vector<float> y(x.size());
        table->tanh(x.data(), y.data(), count);
        CHECK(std::vector<float>(y.begin(), y.end() - 1) == std::vector<float>{-1, -1, 0, 0, 1, 1});
        CHECK(std::isnan(y.back()));
        table->sigmoid(x.data(), y.data(), count);
        CHECK(y[0] < 1e-37);
        CHECK(y[1] < 1e-37);
        CHECK(std::vector<float>(y.begin() + 2, y.end() - 1) ==
              std::vector<float>{0.5F, 0.5F, 1, 1});
        CHECK(std::isnan(y.back()));
        table->gelu(x.data(), y.data(), count);
        CHECK(std::abs(y[1]) < 1e-30);
        CHECK(y[2] == 0);
        CHECK(y[4] == 1000);
        CHECK(y[5] == infinite);
        CHECK(std::isnan(y.back()));
    }
}
