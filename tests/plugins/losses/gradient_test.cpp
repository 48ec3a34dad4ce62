// Every loss against central differences, at many random points, for every form of its target.
#include "losses.hpp"

#include <spar/philox.hpp>

#include <cmath>

using namespace spar::test;

namespace {

enum Parts : unsigned { label = 1, values = 2, soft = 4, reference = 8, target = 16 };

struct Case {
    const char *node;
    unsigned parts;
};

// Kinks (margins, absolute values) are not near any of these points.
const Case cases[] = {
    {R"({"type":"cross_entropy"})", label},
    {R"({"type":"cross_entropy"})", soft},
    {R"({"type":"cross_entropy","label_smoothing":0.2})", label},
    {R"({"type":"cross_entropy","label_smoothing":0.2})", soft},
    {R"({"type":"mse"})", label},
    {R"({"type":"mse"})", values},
    {R"({"type":"mse","on":"softmax"})", label},
    {R"({"type":"mse","on":"softmax"})", soft},
    {R"({"type":"mse","against":"outputs"})", reference},
    {R"({"type":"mae"})", label},
    {R"({"type":"mae"})", values},
    {R"({"type":"mae","on":"softmax"})", label},
    {R"({"type":"mae","on":"softmax"})", soft},
    {R"({"type":"margin"})", label},
    {R"({"type":"margin","kappa":0.5})", label},
    {R"({"type":"margin","kappa":0.5})", label | target},
    {R"({"type":"hinge"})", label},
    {R"({"type":"hinge","margin":3})", label},
    {R"({"type":"dlr"})", label},
    {R"({"type":"kl"})", reference},
    {R"({"type":"kl","direction":"backward"})", reference},
    {R"({"type":"kl","direction":"symmetric"})", reference},
    {R"({"type":"adversarial_cross_entropy","clean_weight":0.5})", label | reference},
    {R"({"type":"adversarial_cross_entropy","clean_weight":0.5})", soft | reference},
    {R"({"type":"adversarial_cross_entropy","labels":"noise","label_eps":0.3})", label},
    {R"({"type":"adversarial_cross_entropy","labels":"smooth","label_eps":0.3})", label},
    {R"({"type":"adversarial_mse","clean_weight":0.5,"label_eps":0.1})", values | reference},
    {R"({"type":"adversarial_mse","clean_weight":0.5,"on":"softmax"})", label | reference},
    {R"({"type":"adversarial_mae","clean_weight":2})", values | reference},
    {R"({"type":"adversarial_mae","on":"softmax"})", label},
    {R"({"type":"sum","terms":[{"loss":{"type":"cross_entropy"},"weight":0.7},
        {"loss":{"type":"mse"},"weight":0.2,"at":"clean"},
        {"loss":{"type":"kl"},"weight":-1.5}]})",
     label | reference},
};

Example random_example(std::uint64_t key, unsigned parts) {
    spar::Random random(key, 3);
    constexpr std::int64_t outputs = 6;
    Example e;
    double total = 0;
    for (std::int64_t i = 0; i < outputs; ++i) {
        e.output.push_back(2 * random.normal(i));
        if (parts & reference) e.reference.push_back(2 * random.normal(100 + i));
        if (parts & values) e.values.push_back(random.normal(200 + i));
        if (parts & soft) e.values.push_back(random.uniform(300 + i));
        if (parts & soft) total += e.values.back();
    }
    if (parts & soft)
        for (float &value : e.values) value /= static_cast<float>(total);
    if (parts & label) e.label = random.below(400, outputs);
    if (parts & target) e.target = random.below(401, outputs);
    return e;
}

/// Derivative by four points: the error falls with the fourth power of the step.
template <class At>
double derivative(At &&at) {
    constexpr double h = 0.01;
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

/// Second differences are large where a kink is between the points.
template <class At>
bool smooth(At &&at) {
    const double left = at(-0.01) - at(-0.02), right = at(0.02) - at(0.01);
    return std::fabs(right - left) < 0.03 * (std::fabs(left) + std::fabs(right)) + 2e-5;
}

int compare(const spar_component_ref &loss, const Example &e, Floats Example::*part,
            const Floats &gradient) {
    int checked = 0;
    for (std::size_t i = 0; i < (e.*part).size(); ++i) {
        const auto at = [&](double step) {
            Example moved = e;
            (moved.*part)[i] += static_cast<float>(step);
            const double real = double{(moved.*part)[i]} - double{(e.*part)[i]};
            const double value = evaluate(loss, moved, false).loss;
            return value + (step - real) * double{gradient[i]};  // rounding of the step itself
        };
        if (!smooth(at)) continue;
        const double expected = derivative(at);
        CHECK(gradient[i] == doctest::Approx(expected).epsilon(1e-3).scale(0.1));
        ++checked;
    }
    return checked;
}

}  // namespace

TEST_CASE("gradients of all losses against central differences") {
    for (const Case &c : cases) {
        CAPTURE(c.node);
        const Made made(SPAR_KIND_LOSS, c.node);
        const spar_component_ref &loss = made.instance().ref();
        int checked = 0, points = 0;
        for (std::uint64_t key = 0; key < 60; ++key) {
            const Example e = random_example(key, c.parts);
            const Answer answer = evaluate(loss, e);
            checked += compare(loss, e, &Example::output, answer.gradient);
            checked += compare(loss, e, &Example::reference, answer.reference_gradient);
            points += static_cast<int>(e.output.size() + e.reference.size());
        }
        CHECK(checked > points * 6 / 10);
    }
}

TEST_CASE("the value does not depend on whether a gradient is asked for") {
    for (const Case &c : cases) {
        const Made made(SPAR_KIND_LOSS, c.node);
        const Example e = random_example(3, c.parts);
        CHECK(evaluate(made.instance().ref(), e).loss ==
              evaluate(made.instance().ref(), e, false).loss);
    }
}
