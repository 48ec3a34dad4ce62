// The gradient of every method whose objective is a fixed function of the weights, once what it
// crafted is held, against central differences of that objective, written out again in double.
#include "tiny_net.hpp"

#include <cmath>
#include <functional>

using namespace spar::test;

namespace {

double squares(const Doubles &a) {
    double total = 0;
    for (const double v : a) total += v * v;
    return total;
}

/// One example as an objective sees it.
struct Row {
    const Net net{};
    std::span<const float> x, other;
    std::int64_t y = 0;
};
using Objective = std::function<double(const Doubles &weights, const Row &row)>;

Doubles differences(Training &t, const Floats &x, const Floats &other, const Objective &objective) {
    const Floats floats = t.weights();
    Doubles w(floats.begin(), floats.end()), g(w.size());
    const auto n = std::size_t(t.batch().count);
    const auto mean = [&] {
        double total = 0;
        for (std::size_t i = 0; i < n; ++i)
            total += objective(w, {.x = {x.data() + i * Net::d, Net::d},
                                   .other = {other.data() + i * Net::d, Net::d},
                                   .y = t.batch().labels[i]});
        return total / double(n);
    };
    constexpr double step = 1e-5;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double here = w[i];
        w[i] = here + step;
        const double up = mean();
        w[i] = here - step;
        g[i] = (up - mean()) / (2 * step);
        w[i] = here;
    }
    return g;
}

/// The method's gradients against differences, at the points that it left in the tensor `crafted`.
void check(Training &t, const std::string &crafted, const Objective &objective,
           double tolerance = 1e-5) {
    const Floats gradients = t.gradients();
    const Floats other = crafted.empty() ? t.x() : t.tensor(crafted);
    const double apart = difference(gradients, differences(t, t.x(), other, objective));
    CHECK_MESSAGE(apart < tolerance, "apart: ", apart);
    if (!crafted.empty()) CHECK(difference(other, t.x()) > 1e-7);
}

double at_other(const Doubles &w, const Row &r) {
    return r.net.cross_entropy(w, r.other, r.y);
}
double at_x(const Doubles &w, const Row &r) {
    return r.net.cross_entropy(w, r.x, r.y);
}

}  // namespace

TEST_CASE("gradient: natural, pgd_at, fgsm_at, n_fgsm, free, fgm_at") {
    Training natural({.method = R"({"type":"natural"})"});
    check(natural, "", at_x);
    Training pgd_at({.method = R"({"type":"pgd_at","attack":{"type":"pgd","steps":3}})"});
    check(pgd_at, "x_adv", at_other);
    Training mixed({.method = R"({"type":"pgd_at","clean_weight":0.3})"});
    check(mixed, "x_adv",
          [](const Doubles &w, const Row &r) { return 0.7 * at_other(w, r) + 0.3 * at_x(w, r); });
    for (const char *method :
         {R"({"type":"fgsm_at"})", R"({"type":"fgsm_at","random_start":false})",
          R"({"type":"n_fgsm"})", R"({"type":"n_fgsm","clamp":false})"}) {
        Training t({.method = method});
        check(t, "x_adv", at_other);
    }
    Training fgm(
        {.method = R"({"type":"fgm_at","weight":0.6})", .threat = R"({"norm":"l2","eps":0.4})"});
    check(fgm, "x_adv",
          [](const Doubles &w, const Row &r) { return at_x(w, r) + 0.6 * at_other(w, r); });
}

TEST_CASE("gradient: pgd_at with a loss that has a clean term of its own") {
    Training t({.method = R"({"type":"pgd_at"})",
                .loss = R"({"type":"adversarial_cross_entropy","clean_weight":0.5})"});
    check(t, "x_adv",
          [](const Doubles &w, const Row &r) { return at_other(w, r) + 0.5 * at_x(w, r); });
}

TEST_CASE("gradient: trades, through both arguments of the divergence") {
    Training t({.method = R"({"type":"trades","beta":3})"});
    check(t, "x_adv", [](const Doubles &w, const Row &r) {
        return at_x(w, r) + 3 * kl(r.net.log_p(w, r.x), r.net.log_p(w, r.other));
    });
}

TEST_CASE("gradient: mart, through the weights of the divergence too") {
    Training t({.method = R"({"type":"mart","lambda":4})"});
    check(t, "x_adv", [](const Doubles &w, const Row &r) {
        const Doubles p = r.net.log_p(w, r.x), q = r.net.log_p(w, r.other);
        double strongest = 0;
        for (std::size_t c = 0; c < q.size(); ++c)
            if (c != std::size_t(r.y)) strongest = std::max(strongest, std::exp(q[c]));
        return -q[std::size_t(r.y)] - std::log(1 - strongest) +
               4 * kl(p, q) * (1 - std::exp(p[std::size_t(r.y)]));
    });
}

TEST_CASE("gradient: r3f and alum, a symmetric divergence") {
    const auto objective = [](const Doubles &w, const Row &r) {
        return at_x(w, r) + 2 * symmetric(r.net.log_p(w, r.x), r.net.log_p(w, r.other));
    };
    for (const char *distribution : {"uniform", "normal"}) {
        Training r3f({.method = R"({"type":"r3f","weight":2,"noise":0.2,"distribution":")" +
                                std::string(distribution) + "\"}"});
        check(r3f, "noisy", objective);
    }
    for (const char *normalize : {"false", "true"}) {
        Training alum(
            {.method = R"({"type":"alum","alpha":2,"steps":2,"step_size":0.05,"normalize":)" +
                       std::string(normalize) + "}"});
        check(alum, "x_adv", objective);
    }
}

TEST_CASE("a divergence must compare outputs: kl does, mse may, cross-entropy does not") {
    for (const std::string method : {"trades", "r3f", "alum", "smart", "vat"}) {
        CAPTURE(method);
        const std::string begin = R"({"type":")" + method + R"(","divergence":)";
        Training square({.method = begin + R"({"type":"mse","against":"outputs"}})"});
        square.gradients();
        for (const char *other : {R"({"type":"mse"}})", R"({"type":"cross_entropy"}})"}) {
            Training t({.method = begin + other});
            CHECK_THROWS_WITH(t.gradients(), doctest::Contains("does not compare outputs"));
        }
    }
}

TEST_CASE("gradient: smart with its teacher") {
    for (const char *limit : {"project", "per_token"}) {
        Training t(
            {.method = R"({"type":"smart","smoothness":2,"proximity":3,"beta":0.5,"limit":")" +
                       std::string(limit) + "\"}"});
        t.step();
        t.step();  // now the teacher is elsewhere
        const Floats gradients = t.gradients();
        const Floats &saved = t.session().tensors().at("teacher").values;
        const Doubles teacher(saved.begin(), saved.end());
        const Floats x_adv = t.tensor("x_adv");
        const Doubles expected = differences(t, t.x(), x_adv, [&](const Doubles &w, const Row &r) {
            const Doubles p = r.net.log_p(w, r.x);
            return at_x(w, r) + 2 * symmetric(r.net.log_p(w, r.other), p) +
                   3 * symmetric(p, r.net.log_p(teacher, r.x));
        });
        CHECK(difference(gradients, expected) < 1e-5);
        CHECK(difference(t.weights(), saved) > 1e-3);
        const Floats moved = plus(x_adv, t.x(), -1);
        for (std::size_t i = 0; i < moved.size(); i += 6) {
            const float largest = std::abs(
                *std::max_element(moved.begin() + long(i), moved.begin() + long(i) + 6,
                                  [](float a, float b) { return std::abs(a) < std::abs(b); }));
            if (limit == std::string("per_token"))
                CHECK(largest == doctest::Approx(1).epsilon(1e-4));
            else
                CHECK(largest <= 0.1F * (1 + 1e-5F));
        }
    }
}

TEST_CASE("gradient: vat, whose clean outputs are taken as given") {
    Training t({.method = R"({"type":"vat","weight":2,"xi":0.001})",
                .threat = R"({"norm":"l2","eps":0.3})"});
    const Floats floats = t.weights();
    const Doubles now(floats.begin(), floats.end());
    check(t, "x_adv", [&](const Doubles &w, const Row &r) {
        return at_x(w, r) + 2 * kl(r.net.log_p(now, r.x), r.net.log_p(w, r.other));
    });
}

TEST_CASE("gradient: mixed_batch_at weighs adversarial rows by lambda") {
    Training t({.method = R"({"type":"mixed_batch_at","share":0.375,"lambda":0.4})"});
    const Floats gradients = t.gradients();
    const Floats x = t.tensor("x"), clean = t.x();
    CHECK(std::equal(x.begin() + 3 * 6, x.end(), clean.begin() + 3 * 6));
    CHECK_FALSE(std::equal(x.begin(), x.begin() + 3 * 6, clean.begin()));
    int seen = 0;
    const Doubles expected = differences(t, clean, x, [&](const Doubles &w, const Row &r) {
        const double weight = seen++ % 8 < 3 ? 0.4 : 1;  // rows come in order
        return 8 * weight / (5 + 0.4 * 3) * at_other(w, r);
    });
    CHECK(difference(gradients, expected) < 1e-5);
}

TEST_CASE("gradient: input_gradient_penalty, second derivatives by differences") {
    Training t({.method = R"({"type":"input_gradient_penalty","weight":0.5,"method":
                            {"type":"pgd_at","attack":{"type":"pgd","steps":2}}})"});
    check(
        t, "method/x_adv",
        [](const Doubles &w, const Row &r) {
            return at_other(w, r) + 0.5 * squares(r.net.slope(w, r.x, r.y));
        },
        1e-3);
    double penalty = 0;
    const Floats floats = t.weights(), x = t.x();
    const Doubles w(floats.begin(), floats.end());
    for (std::size_t i = 0; i < 8; ++i)
        penalty += squares(Net().slope(w, {x.data() + 6 * i, 6}, t.batch().labels[i])) / 8;
    CHECK(t.session().take_reports().at("input_gradient_penalty").first ==
          doctest::Approx(penalty).epsilon(1e-4));
}

TEST_CASE("gradient: grad_align, through the gradient at the noisy point alone") {
    Training t({.method = R"({"type":"grad_align","lambda":0.7})"});
    const Floats floats = t.weights();
    const Doubles now(floats.begin(), floats.end());
    const Floats gradients = t.gradients();
    const Floats x_adv = t.tensor("x_adv"), noisy = t.tensor("noisy");
    const Doubles fit = differences(t, t.x(), x_adv, at_other);
    Doubles expected = differences(t, t.x(), noisy, [&](const Doubles &w, const Row &r) {
        const Doubles g = r.net.slope(now, r.x, r.y), h = r.net.slope(w, r.other, r.y);
        double product = 0;
        for (std::size_t i = 0; i < g.size(); ++i) product += g[i] * h[i];
        return 0.7 * (1 - product / std::sqrt(squares(g) * squares(h)));
    });
    CHECK(difference(Floats(expected.size()), expected) > 0.01);  // the term is there
    Floats term = gradients;
    for (std::size_t i = 0; i < fit.size(); ++i) term[i] -= static_cast<float>(fit[i]);
    CHECK(difference(term, expected) < 2e-3);
}

TEST_CASE("gradient: input_gradient_penalty where batchnorm couples the examples") {
    const std::string net = R"({"type":"sequential","layers":[{"type":"linear","out":8},
        {"type":"batchnorm"},{"type":"tanh"},{"type":"linear","out":8},{"type":"batchnorm"},
        {"type":"tanh"},{"type":"linear","out":3}]})";
    const Choices choices{
        .method = R"({"type":"input_gradient_penalty","weight":1,"difference":0.003})",
        .model = net,
        .batch_size = 24};
    Training natural({.method = R"({"type":"natural"})", .model = net, .batch_size = 24});
    Training t(choices);
    for (int step = 0; step < 30; ++step) {  // until examples differ in their gradients' lengths
        natural.gradients();
        natural.update(natural.gradient());
    }
    const Floats w = natural.weights();
    t.set_weights(w);
    const Floats term = plus(t.gradients(), natural.gradients(), -1);
    const auto penalty = [&](const Floats &weights) {
        t.session().take_reports();
        t.set_weights(weights);
        t.gradients();
        return t.session().take_reports().at("input_gradient_penalty").first;
    };
    double apart = 0, length = 0;
    auto found = term.begin();
    std::size_t at = 0;
    for (const spar::host::NetworkParameter &p : t.network().parameters())
        for (std::size_t i = 0; i < p.value.size(); ++i, ++at) {
            if (!p.trainable) continue;
            Floats up = w, down = w;
            up[at] += 2e-3F;
            down[at] -= 2e-3F;
            const double slope = (penalty(up) - penalty(down)) / (double{up[at]} - down[at]);
            apart += (slope - *found) * (slope - *found);
            length += slope * slope;
            ++found;
        }
    // Factors at the losses, as they would do without coupling, are 0.1 and more apart.
    CHECK(std::sqrt(apart / length) < 0.02);
}
