// What the host does to gradients before the optimizer sees them, and to weights after it.
#include "training.hpp"

#include <cmath>

using namespace spar::test;

namespace {

/// One step of plain gradient descent at rate 1 with a gradient whose first values are given:
/// what the weights lose.
Floats moved_by(const Floats &first, spar::host::Clipping clipping) {
    Training t({.method = R"({"type":"natural"})",
                .optimizer = R"({"type":"sgd","lr":1})",
                .clipping = clipping});
    const Floats before = t.weights();
    Floats gradient(before.size());
    std::ranges::copy(first, gradient.begin());
    t.update(gradient);
    return plus(before, t.weights(), -1);
}

void check_begins(const Floats &found, const Floats &wanted) {
    for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(found[i] ==
              doctest::Approx(i < wanted.size() ? wanted[i] : 0).epsilon(1e-5).scale(1));
}

}  // namespace

TEST_CASE("clipping: by the norm of all gradients, by value, and first the one, then the other") {
    check_begins(moved_by({3, -4}, {}), {3, -4});
    check_begins(moved_by({3, -4}, {.norm = 1, .value = {}}), {0.6F, -0.8F});
    check_begins(moved_by({3, -4}, {.norm = 5.1, .value = {}}), {3, -4});
    check_begins(moved_by({3, -4, 0.5F}, {.norm = {}, .value = 2}), {2, -2, 0.5F});
    check_begins(moved_by({3, -4}, {.norm = 1, .value = 0.7}), {0.6F, -0.7F});
}

TEST_CASE("the moving average of the weights, by hand") {
    Training t({.method = R"({"type":"natural"})",
                .optimizer = R"({"type":"sgd","lr":1})",
                .averaging = {{.decay = 0.75, .warm_up = false}}});
    Floats average = t.weights();
    for (const float size : {1.0F, -2.0F, 0.5F}) {
        t.update(Floats(average.size(), size));
        const Floats weights = t.weights();
        for (std::size_t i = 0; i < average.size(); ++i)
            average[i] = 0.75F * average[i] + 0.25F * weights[i];
    }
    const Floats weights = t.weights();
    REQUIRE(t.optimization().averages());
    t.optimization().swap_average();
    CHECK(difference(t.weights(), average) < 1e-6);
    t.optimization().swap_average();
    CHECK(t.weights() == weights);
}

TEST_CASE("the moving average warms up: in step t it keeps (1 + t) / (10 + t) at most") {
    const auto averaged = [](double decay, int steps) {
        Training t({.method = R"({"type":"natural"})",
                    .optimizer = R"({"type":"sgd","lr":1})",
                    .averaging = {{.decay = decay}}});
        for (int i = 0; i < steps; ++i) t.update(Floats(t.weights().size(), i % 2 == 0 ? 1 : -3));
        t.optimization().swap_average();
        return t.weights();
    };
    Training t({.method = R"({"type":"natural"})", .optimizer = R"({"type":"sgd","lr":1})"});
    const Floats first = t.weights();
    Doubles average(first.begin(), first.end());
    for (int step = 1; step <= 40; ++step) {
        t.update(Floats(average.size(), step % 2 == 1 ? 1 : -3));
        const double kept = std::min(0.75, (1.0 + step) / (10.0 + step));
        const Floats weights = t.weights();
        for (std::size_t i = 0; i < average.size(); ++i)
            average[i] = kept * average[i] + (1 - kept) * weights[i];
    }
    CHECK(difference(averaged(0.75, 40), average) < 1e-5);
    // Of the first weights a slow average keeps 2/11 3/12 4/13 ... and not 0.999 each time.
    const Floats slow = averaged(0.999, 40), now = t.weights();
    CHECK(difference(slow, now) < 0.5 * difference(first, now));
}

TEST_CASE("a large tensor goes whole to an optimizer that must see it whole, otherwise in pieces") {
    const std::string wide = R"({"type":"sequential","layers":[{"type":"linear","out":3000},
        {"type":"linear","out":3}]})";  // weights of 18,000 elements, biases of 3,000
    Training whole(
        {.method = R"({"type":"natural"})", .model = wide, .optimizer = R"({"type":"normed"})"});
    const Floats before = whole.weights();
    whole.update(Floats(before.size(), 1));
    const Floats moved = plus(before, whole.weights(), -1);
    CHECK(moved.front() == doctest::Approx(1 / std::sqrt(18000)).epsilon(1e-4));
    CHECK(moved[17999] == doctest::Approx(1 / std::sqrt(18000)).epsilon(1e-4));

    Training cut(
        {.method = R"({"type":"natural"})", .model = wide, .optimizer = R"({"type":"placing"})"});
    cut.update(Floats(before.size(), 1));
    const Floats sizes = cut.weights();
    CHECK(sizes.front() == 16384);
    CHECK(sizes[17999] == 18000 - 16384);
    CHECK(sizes[18000] == 3000);
    for (const auto &state : cut.optimization().state())
        for (std::size_t i = 0; i < state.values.size(); ++i)
            REQUIRE(state.values[i] == static_cast<float>(i));
}
