// Nothing is computed that is not wanted.
#include "fixture.hpp"

#include <doctest/doctest.h>

using namespace fixture;

TEST_CASE("an attack's pass computes no parameter gradients, and a forward pass none at all") {
    Net net(small_cnn(), {1, 28, 28});
    const std::vector<float> x = numbers(20 * 784, 3);
    const Counters &counters = net.executor.counters();
    const auto is = [&](std::int64_t forward, std::int64_t input, std::int64_t parameters) {
        CHECK(counters.forward == forward);
        CHECK(counters.input_gradient == input);
        CHECK(counters.parameter_gradient == parameters);
    };
    Result result = net.pass(x, ids(20), {.input = true});
    is(20, 20, 0);
    CHECK(std::all_of(result.gradients.begin(), result.gradients.end(),
                      [](float g) { return g == 0; }));
    result = net.pass(x, ids(20), {.parameters = true});
    is(40, 20, 20);
    CHECK(std::all_of(result.dx.begin(), result.dx.end(), [](float g) { return g == 0; }));
    net.pass(x, ids(20), {});
    is(60, 20, 20);
    net.pass(x, ids(20), {.input = true, .parameters = true});
    is(80, 40, 40);
}

TEST_CASE("parameter gradients are added, and are sums over the rows") {
    Net net({conv(4, 3), layer("relu"), layer("flatten"), linear(3)}, {1, 6, 6});
    const std::vector<float> x = numbers(40 * 36, 3);
    const Result all = net.pass(x, ids(40), {.parameters = true});
    std::vector<float> sum(all.gradients.size());
    for (std::int64_t first = 0; first < 40; first += 10) {
        const Result part = net.pass({x.begin() + first * 36, x.begin() + (first + 10) * 36},
                                     ids(10, 100 + first), {.parameters = true});
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part.gradients[i];
    }
    for (std::size_t i = 0; i < sum.size(); ++i)
        CHECK(sum[i] == doctest::Approx(all.gradients[i]).epsilon(1e-4));
}
