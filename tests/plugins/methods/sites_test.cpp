// Methods and attacks in the space of attention logits.
#include "site_prober.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace spar::test;

TEST_CASE("fgm on the logits of all layers is a step of length eps up the gradient there") {
    Training t(on_encoder(
        R"({"type":"pgd_at","attack":{"type":"pgd","steps":1,"step_size":0.7,"random_start":false}})",
        at_logits));
    const Floats g = t.gradients();
    Prober prober(t);
    const Passed clean = prober.pass(nullptr);
    const Floats &delta = t.session().tensors().at("x_adv").values;
    std::vector<std::size_t> logits;
    std::int64_t width = 0;
    for (std::size_t s = 0; s < clean.gradients.size(); ++s)
        if (prober.is(s, SPAR_SITE_LOGITS)) {
            logits.push_back(s);
            width += prober.size(s);
        }
    CHECK(logits.size() == 2);
    std::vector<Floats> added(clean.gradients.size());
    for (std::int64_t i = 0; i < t.batch().count; ++i) {
        double length = 0;
        for (const std::size_t s : logits)
            for (std::int64_t k = i * prober.size(s); k < (i + 1) * prober.size(s); ++k)
                length += std::pow(double{clean.gradients[s][std::size_t(k)]}, 2);
        REQUIRE(length > 0);
        std::int64_t at = i * width;
        for (const std::size_t s : logits)
            for (std::int64_t k = i * prober.size(s); k < (i + 1) * prober.size(s); ++k, ++at) {
                const double wanted =
                    0.7 * double{clean.gradients[s][std::size_t(k)]} / std::sqrt(length);
                REQUIRE(delta[std::size_t(at)] ==
                        doctest::Approx(wanted).epsilon(1e-3).scale(1e-2));
                added[s].push_back(delta[std::size_t(at)]);
            }
    }
    t.network().zero_gradients();
    prober.pass(nullptr, added, true);
    CHECK(difference(t.gradient(), g) < 1e-5);
}

TEST_CASE("what a method adds and reads at the perturbed sites joins what the space adds there") {
    Training t(on_encoder(R"({"type":"natural"})", at_logits));
    Prober prober(t);
    const std::int64_t length = t.network().site(1).shape[2];
    // Growing with the key: what is the same for all keys changes no map.
    const auto slope = [&](std::int64_t count, float step) {
        Floats values;
        for (std::int64_t k = 0; k < count; ++k) values.push_back(step * float(k % length));
        return values;
    };
    std::vector<Floats> once(t.network().sites().size()), twice = once;
    for (std::size_t s = 0; s < once.size(); ++s) {
        once[s] = slope(t.batch().count * prober.size(s), 0.3F);
        twice[s] = slope(std::ssize(once[s]), 0.5F);
    }
    spar::host::SiteSpace space(t.network(), "attention_logits", "/threat/site");
    spar::host::FencedMatrix vectors;
    t.network().embed(t.batch(), vectors);
    const spar::host::Batch &b = t.batch();
    space.attend({b.count, vectors.data(), b.ids.data(), b.tokens.data(), b.mask.data()});
    const Floats x = slope(b.count * space.size(), 0.2F);
    Floats maps(once[2].size());
    const spar_site_use uses[] = {
        {sizeof(spar_site_use), 1, once[1].data(), nullptr, nullptr, nullptr},
        {sizeof(spar_site_use), 2, nullptr, maps.data(), nullptr, nullptr},
        {sizeof(spar_site_use), 3, once[3].data(), nullptr, nullptr, nullptr}};
    spar::host::Space::Points points = space.points(x.data());
    points.sites = uses;
    space.pass(points, {});
    CHECK(difference(maps, prober.pass(nullptr, twice).maps[2]) < 1e-6);
    CHECK(difference(maps, prober.pass(nullptr, once).maps[2]) > 1e-2);
}

TEST_CASE("methods that know balls train in the space of attention logits") {
    for (const char *method :
         {R"({"type":"fgm_at"})", R"({"type":"freelb"})", R"({"type":"free"})", R"({"type":"vat"})",
          R"({"type":"smart"})", R"({"type":"alum"})", R"({"type":"r3f"})", R"({"type":"trades"})",
          R"({"type":"mart"})", R"({"type":"pgd_at"})",
          R"({"type":"awp","method":{"type":"pgd_at"}})",
          R"({"type":"pgd_at","attack":{"type":"spsa","steps":1,"samples":2}})"}) {
        CAPTURE(method);
        Training t(on_encoder(method, at_logits));
        const Floats g = t.gradients();
        double length = 0;
        for (const float value : g) length += double{value} * value;
        CHECK(std::isfinite(length));
        CHECK(length > 0);
    }
}

TEST_CASE("masked pairs take no share of the ball") {
    Training t(on_encoder(R"({"type":"pgd_at","attack":{"type":"noise"}})", at_logits));
    t.gradients();
    const Floats &delta = t.session().tensors().at("x_adv").values;
    const std::int64_t length = t.network().site(1).shape[2], width = 2 * 2 * length * length;
    for (std::int64_t i = 0; i < t.batch().count; ++i) {
        std::int64_t open = 0;
        for (std::int64_t k = 0; k < width; ++k) {
            const auto token = [&](std::int64_t place) {
                return t.batch().mask[std::size_t(i * length + place)] != 0;
            };
            const bool effect = token(k / length % length) && token(k % length);
            open += effect ? 1 : 0;
            if (!effect) REQUIRE(delta[std::size_t(i * width + k)] == 0);
        }
        // Uniform in a ball of that many dimensions: the median of (|delta| / eps)^d is 1/2.
        double sum = 0;
        for (std::int64_t k = 0; k < width; ++k)
            sum += std::pow(double{delta[std::size_t(i * width + k)]}, 2);
        CHECK(std::sqrt(sum) > 0.7 * std::pow(1e-4, 1.0 / double(open)));
        CHECK(std::sqrt(sum) <= 0.7 + 1e-5);
    }
}
