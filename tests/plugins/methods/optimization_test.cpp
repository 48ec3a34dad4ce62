// What the host does to gradients before an optimizer sees them, and to weights behind it.
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
                .average_decay = 0.75});
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
