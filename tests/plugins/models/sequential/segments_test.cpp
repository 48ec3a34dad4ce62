// Vectors for the first and the second text of a pair: adding them to the input by hand gives the
// same outputs, and their gradients are the sums of the input's over the tokens of each text.
#include "text_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace fixture;

namespace {

constexpr std::int64_t pairs = 20;

/// 2 after the first tokens of a text, and padding at its end.
std::vector<float> pair_masks() {
    std::vector<float> mask;
    for (std::int64_t text = 0; text < pairs; ++text)
        for (std::int64_t i = 0; i < length; ++i)
            mask.push_back(i > text % length ? 0.0F : i < text % 3 + 1 ? 1.0F : 2.0F);
    return mask;
}

struct Given {
    std::vector<float> outputs, dx;
};

Given run(Net &net, const std::vector<float> &x, const std::vector<float> &mask) {
    Given given{std::vector<float>(static_cast<std::size_t>(pairs * net.outputs)),
                std::vector<float>(x.size())};
    const auto names = ids(pairs);
    HeadContext context{net.outputs, names.data()};
    net.zero_gradients();
    net.executor.pass({.rows = pairs,
                       .x = x.data(),
                       .mask = mask.data(),
                       .ids = names.data(),
                       .head = head,
                       .head_context = &context,
                       .wants = {.input = true, .parameters = true},
                       .outputs = given.outputs.data(),
                       .dx = given.dx.data()});
    return given;
}

}  // namespace

TEST_CASE("segments add a vector to the tokens of each text of a pair") {
    Net with(classifier({named(layer("segments"), "of"), named(layer("tanh"), "bent"),
                         layer("mean_pool")}),
             {length, dim});
    Net without(classifier({named(layer("tanh"), "bent"), layer("mean_pool")}), {length, dim});
    const std::vector<float> mask = pair_masks();
    std::vector<float> x, moved;
    Parameter *weight = nullptr;
    for (std::int64_t i = 0; i < with.graph->parameters.size(); ++i) {
        Parameter &p = with.graph->parameters[i];
        if (p.name == "of.weight") weight = &p;
        for (std::int64_t k = 0; k < without.graph->parameters.size(); ++k)
            if (Parameter &other = without.graph->parameters[k]; other.name == p.name)
                other.value = p.value;
    }
    REQUIRE(weight != nullptr);
    REQUIRE(weight->shape == Shape{2, dim});
    for (std::int64_t i = 0; i < 2 * dim; ++i)
        weight->value[static_cast<std::size_t>(i)] = spar::Random(3, 0).normal(i);
    for (std::int64_t i = 0; i < pairs * length * dim; ++i) {
        const float of = mask[static_cast<std::size_t>(i / dim)];
        x.push_back(of == 0 ? 0.0F : spar::Random(4, 0).normal(i));
        const auto at = static_cast<std::size_t>((of == 2 ? dim : 0) + i % dim);
        moved.push_back(of == 0 ? 0.0F : x.back() + weight->value[at]);
    }
    for (Net *net : {&with, &without}) net->executor.parameters_changed();

    const Given a = run(with, x, mask), b = run(without, moved, mask);
    CHECK((a.outputs == b.outputs));
    CHECK((a.dx == b.dx));
    std::vector<double> sums(static_cast<std::size_t>(2 * dim));
    for (std::size_t i = 0; i < a.dx.size(); ++i) {
        const float of = mask[i / dim];
        if (of != 0) sums[(of == 2 ? std::size_t(dim) : 0) + i % dim] += double{a.dx[i]};
    }
    for (std::size_t i = 0; i < sums.size(); ++i)
        CHECK(weight->gradient[i] == doctest::Approx(sums[i]).epsilon(1e-4));
    CHECK(std::ranges::any_of(sums, [](double sum) { return sum != 0; }));
}
