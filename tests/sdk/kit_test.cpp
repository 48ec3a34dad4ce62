// What attacks and losses share: targets, the difference of logits ratio, rivals.
#include <spar/kit/dlr.hpp>
#include <spar/kit/lead.hpp>
#include <spar/kit/targets.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace {

using Floats = std::vector<float>;

/// Central differences of value(z) beside the gradient that it fills.
template <class Value>
void check_slope(const Floats &z, Value value) {
    Floats gradient(z.size());
    value(z, gradient);
    for (std::size_t i = 0; i < z.size(); ++i) {
        Floats up = z, down = z;
        up[i] += 0x1p-7F;
        down[i] -= 0x1p-7F;
        const double slope =
            (value(up, std::span<float>()) - value(down, std::span<float>())) / 0x1p-6;
        CHECK(double{gradient[i]} == doctest::Approx(slope).epsilon(2e-3).scale(1));
    }
}

}  // namespace

TEST_CASE("the ratios of Croce and Hein (2020), equations 6 and 7, and their slopes") {
    const Floats z{1, 4, 2.5F, -3, 0.5F};
    CHECK(spar::dlr(z, 1, {}) == doctest::Approx(-(4 - 2.5) / (4 - 1)));
    CHECK(spar::dlr(z, 3, {}) == doctest::Approx(-(-3 - 4) / (4.0 - 1)));
    CHECK(spar::targeted_dlr(z, 1, 3, {}) == doctest::Approx(-(4 + 3) / (4 - (1 + 0.5) / 2)));
    for (const std::int64_t label : {0, 1, 2, 3})
        check_slope(z,
                    [&](const Floats &at, std::span<float> g) { return spar::dlr(at, label, g); });
    check_slope(
        z, [&](const Floats &at, std::span<float> g) { return spar::targeted_dlr(at, 2, 0, g); });
    CHECK_THROWS_AS(spar::dlr(Floats{1, 2}, 0, {}), spar::Error);
    CHECK_THROWS_AS(spar::targeted_dlr(Floats{1, 2, 3}, 0, 1, {}), spar::Error);
}

TEST_CASE(
    "the largest outputs, and rivals without the label and with outputs that are no numbers") {
    CHECK((spar::largest_indices<3>(Floats{2, 5, 5, 1}) == std::array<std::size_t, 3>{1, 2, 0}));
    std::vector<std::int64_t> out(3);
    spar::rivals(Floats{2, 5, 5, 1}, 1, 3, out);
    CHECK((out == std::vector<std::int64_t>{2, 0, 3}));
    spar::rivals(Floats{std::nanf(""), 1, 0, 9}, 3, 3, out);
    CHECK((out == std::vector<std::int64_t>{1, 2, 0}));
}

TEST_CASE("targets are values, or one at the class") {
    const Floats output{1, 2, 3}, values{0.25F, 0.75F, 0};
    const std::int64_t label = 2, beyond = 3;
    spar::LossRow row{.output = output,
                      .reference = {},
                      .label = &label,
                      .values = {},
                      .target = nullptr,
                      .random = spar::Random(1, 1),
                      .gradient = {},
                      .reference_gradient = {}};
    const spar::Targets one_hot(row);
    CHECK((one_hot[0] == 0 && one_hot[2] == 1));
    row.values = values;
    CHECK(spar::Targets(row)[1] == 0.75);
    row.values = {};
    row.label = &beyond;
    CHECK_THROWS_WITH_AS(spar::Targets{row}, doctest::Contains("class 3"), spar::Error);
    row.label = nullptr;
    CHECK_THROWS_AS(spar::Targets{row}, spar::Error);
    CHECK_THROWS_AS(spar::clean_outputs(row), spar::Error);
}

TEST_CASE("cross-entropy and deviations by their formulas, and their slopes") {
    const Floats z{0.5F, -1, 2};
    const auto target = [](std::size_t i) { return i == 1 ? 0.7 : 0.15; };
    const double log_sum = std::log(std::exp(0.5) + std::exp(-1) + std::exp(2));
    CHECK(spar::cross_entropy(z, target, {}, 2) ==
          doctest::Approx(2 * (log_sum - 0.15 * 0.5 + 0.7 - 0.15 * 2)));
    check_slope(z, [&](const Floats &at, std::span<float> g) {
        return spar::cross_entropy(at, target, g, 2);
    });
    CHECK(spar::mean_deviation(z, false, target, spar::square, spar::twice, {}) ==
          doctest::Approx((0.35 * 0.35 + 1.7 * 1.7 + 1.85 * 1.85) / 3));
    for (const bool softmax : {false, true})
        check_slope(z, [&](const Floats &at, std::span<float> g) {
            return spar::mean_deviation(at, softmax, target, spar::square, spar::twice, g, 3);
        });
    CHECK_THROWS_AS(spar::cross_entropy(Floats{1}, target, {}), spar::Error);
}
