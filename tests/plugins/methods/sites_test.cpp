// Methods at the sites of a model: attacks on attention logits, and the penalty between maps,
// against differences of an objective that is written out here.
#include "training.hpp"

#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <cmath>

using namespace spar::test;
using spar::host::NetworkSite;

namespace {

constexpr const char *encoder = R"({"type":"sequential","layers":[
    {"type":"embedding","dim":6},
    {"type":"transformer","layers":2,"heads":2,"hidden":8},
    {"type":"mean_pool"},{"type":"linear","out":3}]})";
constexpr const char *at_logits =
    R"({"norm":"l2","eps":0.7,"space":"site","site":"attention_logits"})";

Choices on_encoder(const std::string &method, const std::string &threat) {
    return {.method = method,
            .model = encoder,
            .data = R"({"type":"tiny_data","kind":"text"})",
            .threat = threat,
            .optimizer = R"({"type":"sgd","lr":0.1})"};
}

/// A pass over the batch's texts, each moved by `moved`, with other logits; the values of the maps
/// and the gradient at the logits, by site.
struct Passed {
    double loss = 0;  // mean
    std::vector<Floats> maps, gradients;
};

class Prober {
  public:
    explicit Prober(Training &t) : t_(t), rows_(t.batch().count) { embed(); }

    std::int64_t size(std::size_t site) const {
        const spar_site found = t_.network().site(std::int64_t(site));
        return spar::product({found.shape, std::size_t(found.rank)});
    }
    bool is(std::size_t site, spar_site_kind kind) const {
        return t_.network().sites()[site].kind == kind;
    }
    /// New vectors, after the weights changed.
    void embed() { t_.network().embed(t_.batch(), vectors_); }

    Passed pass(const Floats *moved, const std::vector<Floats> &added = {}, bool learns = false) {
        Passed result;
        std::vector<spar_site_use> uses;
        const auto &sites = t_.network().sites();
        result.maps.resize(sites.size());
        result.gradients.resize(sites.size());
        for (std::size_t s = 0; s < sites.size(); ++s) {
            spar_site_use use{sizeof use, std::int32_t(s), nullptr, nullptr, nullptr, nullptr};
            const auto count = std::size_t(rows_ * size(s));
            if (is(s, SPAR_SITE_MAPS)) {
                result.maps[s].resize(count);
                use.values = result.maps[s].data();
            } else if (is(s, SPAR_SITE_LOGITS)) {
                result.gradients[s].resize(count);
                use.gradient = result.gradients[s].data();
                if (!added.empty()) use.add = added[s].data();
            } else {
                continue;
            }
            uses.push_back(use);
        }
        const spar::host::Batch &b = t_.batch();
        Floats x(vectors_.data(), vectors_.data() + rows_ * t_.network().size());
        for (std::size_t i = 0; moved != nullptr && i < x.size(); ++i) x[i] += (*moved)[i];
        std::vector<float> losses(std::size_t(rows_), 0.0F);
        spar::host::LossHead head{.loss = loss_.get(), .outputs = 3};
        head.labels = b.label_data();
        head.loss_values = losses.data();
        if (learns) head.weight = 1.0F / float(rows_);
        spar_pass pass{};
        pass.head = spar::host::LossHead::evaluate;
        pass.head_context = &head;
        if (learns) pass.wants = SPAR_WANT_PARAMETER_GRADIENTS;
        t_.network().pass({.count = rows_,
                           .x = x.data(),
                           .ids = b.ids.data(),
                           .tokens = b.tokens.data(),
                           .mask = b.mask.data(),
                           .sites = uses},
                          pass);
        for (const float loss : losses) result.loss += double{loss} / double(rows_);
        return result;
    }

  private:
    struct Loss {
        Loss() {
            spar::host::Json node{{"type", "cross_entropy"}};
            instance = builder.build(SPAR_KIND_LOSS, node, "/loss");
        }
        const spar_component_ref *get() const { return &instance->ref(); }
        spar::host::Builder builder{tiny_registry(), 1,
                                    [](const auto &, const auto &path) { return path; }};
        std::unique_ptr<spar::host::Instance> instance;
    };
    Training &t_;
    std::int64_t rows_;
    spar::host::FencedMatrix vectors_;
    Loss loss_;
};

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
