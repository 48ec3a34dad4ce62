// attention_consistency: the gradient against differences of an objective that is written out here.
#include "site_prober.hpp"

#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace spar::test;

namespace {

/// mean over texts of the mean distance of a text's rows, those of padding left out.
double gap(Training &t, const Prober &prober, const Passed &clean, const Passed &other, bool kl) {
    double total = 0;
    for (std::int64_t i = 0; i < t.batch().count; ++i) {
        double sum = 0, rows = 0;
        for (std::size_t s = 0; s < clean.maps.size(); ++s) {
            if (!prober.is(s, SPAR_SITE_MAPS)) continue;
            const std::int64_t length = t.network().site(std::int64_t(s)).shape[2];
            const std::int64_t size = prober.size(s);
            for (std::int64_t r = i * size; r < (i + 1) * size; r += length) {
                const bool token =
                    t.batch().mask[std::size_t(i * length + (r / length) % length)] != 0;
                if (!token) continue;
                rows += 1;
                for (std::int64_t j = r; j < r + length; ++j) {
                    const double a = clean.maps[s][std::size_t(j)],
                                 b = other.maps[s][std::size_t(j)];
                    if (kl && a > 0 && b > 0) sum += a * std::log(a / b) + b * std::log(b / a);
                    if (!kl) sum += (a - b) * (a - b);
                }
            }
        }
        total += sum / rows / double(t.batch().count);
    }
    return total;
}

struct Objective {
    double weight = 0, clean = 0.5, other = 0.5;
    bool kl = false, fixed = false;
};

/// The method's gradient along random directions, against differences of the objective with the
/// method's own perturbation.
void check_gradient(const std::string &method, const Objective &o) {
    CAPTURE(method);
    Training t(on_encoder(method, R"({"norm":"l2","eps":0.5,"space":"embedding"})"));
    const Floats g = t.gradients(), w = t.weights();
    Floats moved = t.tensor("perturbed");
    Prober prober(t);
    {
        spar::host::FencedMatrix vectors;
        t.network().embed(t.batch(), vectors);
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= vectors.data()[i];
    }
    const Passed held = prober.pass(nullptr);
    const auto value = [&](const Floats &at) {
        t.set_weights(at);
        prober.embed();
        const Passed clean = prober.pass(nullptr), other = prober.pass(&moved);
        return o.clean * clean.loss + o.other * other.loss +
               o.weight * gap(t, prober, o.fixed ? held : clean, other, o.kl);
    };
    for (std::int64_t direction = 0; direction < 4; ++direction) {
        Floats u(w.size());
        double length = 0, along = 0;
        spar::Random random(8, direction);
        for (std::size_t i = 0; i < u.size(); ++i) {
            u[i] = random.normal(std::int64_t(i));
            length += double{u[i]} * u[i];
        }
        const auto h = float(0.02 / std::sqrt(length));
        for (std::size_t i = 0; i < u.size(); ++i) along += double{u[i]} * g[i];
        const double slope = (value(plus(w, u, h)) - value(plus(w, u, -h))) / (2 * double{h});
        CHECK(slope == doctest::Approx(along).epsilon(0.01).scale(0.3));
    }
    t.set_weights(w);
}

std::string consistency(const std::string &more) {
    return R"({"type":"attention_consistency","noise":0.6)" + more + "}";
}

}  // namespace

TEST_CASE("attention_consistency: the gradient is that of its objective") {
    check_gradient(consistency(R"(,"weight":0)"), {});
    check_gradient(consistency(R"(,"weight":40)"), {.weight = 40});
    check_gradient(consistency(R"(,"weight":20,"distance":"kl")"), {.weight = 20, .kl = true});
    check_gradient(consistency(R"(,"weight":40,"through":"perturbed")"),
                   {.weight = 40, .fixed = true});
    check_gradient(consistency(R"(,"weight":40,"clean_weight":0,"adversarial_weight":0)"),
                   {.weight = 40, .clean = 0, .other = 0});
    check_gradient(consistency(R"(,"clean_weight":1,"adversarial_weight":0,"weight":0)"),
                   {.clean = 1, .other = 0});
}

TEST_CASE("attention_consistency: the penalty moves the gradient, and an attack may perturb") {
    Training without(on_encoder(consistency(R"(,"weight":0)"), at_logits)),
        with(on_encoder(consistency(R"(,"weight":40)"), at_logits));
    CHECK(difference(without.gradients(), with.gradients()) > 1e-2);
    check_gradient(R"({"type":"attention_consistency","weight":40,
                       "attack":{"type":"pgd","steps":2,"random_start":false}})",
                   {.weight = 40});
}

TEST_CASE("a model without maps is refused by name of what it lacks") {
    Training t({.method = consistency("")});
    try {
        t.gradients();
        FAIL("expected a refusal");
    } catch (const spar::host::Failure &failure) {
        CHECK(std::string(failure.what()).find("names no attention maps") != std::string::npos);
    }
}
