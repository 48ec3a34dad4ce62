// Methods and attacks where one parameter is perturbed: as if they had been written for it, and the
// parameter afterwards as it was, to the byte.
#include "training.hpp"

#include <spar/geometry.hpp>

#include <cmath>
#include <cstring>

using namespace spar::test;
using spar::host::Failure;
using spar::host::LossHead;
using spar::host::ParameterSpace;

namespace {

constexpr const char *text = R"({"type":"tiny_data","kind":"text"})";

std::string threat(const std::string &parameter, double eps = 0.3, const std::string &norm = "l2") {
    return R"({"norm":")" + norm + R"(","eps":)" + std::to_string(eps) +
           R"(,"space":"parameter","parameter":")" + parameter + R"("})";
}

/// The place of a parameter of the tiny model among all, concatenated.
struct Place {
    const char *name;
    std::size_t first, size;
    const char *data = R"({"type":"tiny_data"})";
};
const Place places[] = {{"0.weight", 0, 30},
                        {"0.bias", 30, 5},
                        {"2.weight", 35, 15},
                        {"embedding.weight", 0, 21, text},
                        {"2.bias", 21 + 60 + 5 + 15, 3, text}};

bool same(const Floats &a, const Floats &b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// weights + eps g / |g|, g the gradient's part that belongs to the parameter.
Floats moved(const Place &p, Floats weights, const Floats &gradient, double eps) {
    const double length = spar::norm_l2({gradient.data() + p.first, p.size});
    for (std::size_t i = p.first; i < p.first + p.size; ++i)
        weights[i] += static_cast<float>(eps / length * gradient[i]);
    return weights;
}

/// The gradient of the mean loss at other weights.
Floats natural_at(const Place &p, const Floats &weights) {
    Training own({.method = R"({"type":"natural"})",
                  .data = p.data,
                  .threat = R"({"norm":"l2","eps":1,"space":")" +
                            std::string(p.data == text ? "embedding" : "input") + R"("})"});
    own.set_weights(weights);
    return own.gradients();
}

std::string message(const Choices &choices) {
    try {
        Training(choices).gradients();
    } catch (const Failure &failure) {
        return failure.what();
    }
    return "no failure";
}

bool holds(const std::string &whole, const std::string &part) {
    return whole.find(part) != std::string::npos;
}

/// A loss that cannot be computed.
const spar_component_ref &broken_loss() {
    static const spar_loss_table table = [] {
        spar_loss_table t{};
        t.struct_size = sizeof t;
        t.evaluate = [](void *, const spar_loss_rows *, spar_error *error) {
            return spar::fill(error, SPAR_E_INTERNAL, "broken");
        };
        return t;
    }();
    static const spar_component_ref ref{sizeof ref, SPAR_KIND_LOSS, &table, nullptr, "broken"};
    return ref;
}

}  // namespace

TEST_CASE("fgm_at on a parameter: the clean gradient and that at w + eps g / |g|") {
    for (const Place &p : places) {
        CAPTURE(p.name);
        Training t({.method = R"({"type":"fgm_at"})", .data = p.data, .threat = threat(p.name)});
        const Floats before = t.weights(), by_method = t.gradients();
        CHECK(same(t.weights(), before));
        const Floats clean = natural_at(p, before);
        const Floats worse = natural_at(p, moved(p, before, clean, 0.3));
        CHECK(difference(by_method, plus(clean, worse)) < 1e-5);
        CHECK(difference(worse, clean) > 0.001);
    }
}

TEST_CASE(
    "pgd_at on a parameter trains where the attack left it, half on the clean loss if asked") {
    for (const Place &p : places) {
        CAPTURE(p.name);
        const std::string fgm = R"("type":"pgd_at","attack":{"type":"fgm"})";
        Training t({.method = "{" + fgm + "}", .data = p.data, .threat = threat(p.name)});
        Training half({.method = "{" + fgm + R"(,"clean_weight":0.5})",
                       .data = p.data,
                       .threat = threat(p.name)});
        const Floats before = t.weights(), by_method = t.gradients(), mixed = half.gradients();
        CHECK(same(t.weights(), before));
        const Floats clean = natural_at(p, before);
        const Floats worse = natural_at(p, moved(p, before, clean, 0.3));
        CHECK(difference(by_method, worse) < 1e-5);
        CHECK(difference(plus(mixed, mixed), plus(clean, worse)) < 1e-5);
    }
}

TEST_CASE("freelb on a parameter averages the gradients along its path") {
    const Place &p = places[3];
    Training t({.method = R"({"type":"freelb","steps":2,"init":0,"step_size":0.2})",
                .data = p.data,
                .threat = threat(p.name)});
    const Floats before = t.weights(), by_method = t.gradients();
    CHECK(same(t.weights(), before));
    const Floats clean = natural_at(p, before);
    const Floats second = natural_at(p, moved(p, before, clean, 0.2));
    const Floats sum = plus(clean, second);
    CHECK(difference(plus(by_method, by_method), sum) < 1e-5);
}

TEST_CASE("an attack leaves no gradients and no trace in the parameter, whatever it is") {
    for (const char *attack :
         {R"("fgm")", R"("fgm_batch")", R"("fgsm")", R"("bim","steps":3)", R"("pgd","steps":3)",
          R"("pgd","steps":2,"restarts":3)", R"("pgd","steps":2,"keep":"best")",
          R"("gradient_ascent","steps":2)", R"("mi_fgsm","steps":3)", R"("noise")"})
        for (const char *norm : {"l2", "linf"})
            for (const Place &p : {places[2], places[3]}) {
                CAPTURE(attack);
                CAPTURE(norm);
                CAPTURE(p.name);
                const std::string method =
                    R"({"type":"pgd_at","attack":{"type":)" + std::string(attack) + "}}";
                Training t({.method = method, .data = p.data, .threat = threat(p.name, 0.3, norm)});
                const Floats before = t.weights(), found = t.gradients();
                CHECK(same(t.weights(), before));
                for (const float g : found) CHECK(std::isfinite(g));
                const Floats &x_adv = t.session().tensors().at("x_adv").values;
                REQUIRE(x_adv.size() == p.size);  // one tensor, not one an example
                const spar::Ball ball(t.threat());
                const double distance = ball.distance({before.data() + p.first, p.size}, x_adv);
                CHECK((distance > 0 && distance <= 0.3001));
                Training still({.method = method, .data = p.data, .threat = threat(p.name, 0)});
                CHECK(difference(still.gradients(), natural_at(p, before)) < 1e-6);
            }
}

TEST_CASE("steps report the clean loss and hits of the batch, as natural training does") {
    Training t({.method = R"({"type":"fgm_at"})", .threat = threat("2.weight")});
    Training natural({.method = R"({"type":"natural"})"});
    t.gradients();
    natural.gradients();
    CHECK(t.outcome.loss == natural.outcome.loss);
    CHECK(t.outcome.correct == natural.outcome.correct);
}

TEST_CASE("methods that step in between, or wrap another, continue from the new value") {
    for (const char *method :
         {R"({"type":"free","replays":3})", R"({"type":"awp","method":{"type":"fgm_at"}})",
          R"({"type":"fgsm_at"})", R"({"type":"n_fgsm"})"}) {
        CAPTURE(method);
        Training t({.method = method, .threat = threat("0.weight", 0.05), .epochs = 40});
        t.gradients();
        const double before = t.outcome.loss;
        t.skip_to(0);
        for (int step = 0; step < 60; ++step) t.step();
        t.skip_to(0);
        t.gradients();
        CHECK(t.outcome.loss < before);
    }
}

TEST_CASE("the gradient at a point is that of the batch's mean loss") {
    Training t({.method = R"({"type":"natural"})", .threat = threat("0.weight")});
    ParameterSpace space(t.network(), "0.weight");
    space.attend(t.batch());
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    Floats x(space.points(nullptr).x, space.points(nullptr).x + space.size()), g(x.size());
    for (float &value : x) value += 0.25F;
    float value = 0;
    const auto ask = [&](float *dx) {
        LossHead head{.loss = &loss.instance().ref(), .outputs = 3};
        head.loss_values = &value;
        spar_pass pass{};
        pass.head = LossHead::evaluate;
        pass.head_context = &head;
        pass.wants = dx != nullptr ? SPAR_WANT_INPUT_GRADIENT : 0U;
        pass.dx = dx;
        space.pass(space.points(x.data()), pass);
        return value;
    };
    ask(g.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float middle = x[i];
        x[i] = middle + 0.01F;
        const float above = ask(nullptr);
        x[i] = middle - 0.01F;
        const float below = ask(nullptr);
        x[i] = middle;
        CHECK((above - below) / 0.02F == doctest::Approx(g[i]).epsilon(0.01).scale(0.01));
    }
}

TEST_CASE("an error in the middle leaves parameter and gradients as they were") {
    Training t({.method = R"({"type":"natural"})", .threat = threat("0.weight")});
    const Floats gradients = t.gradients(), before = t.weights();
    ParameterSpace space(t.network(), "0.weight");
    space.attend(t.batch());
    const Floats x(static_cast<std::size_t>(space.size()), 3.0F);
    Floats dx(x.size());
    LossHead head{.loss = &broken_loss(), .outputs = 3};
    spar_pass pass{};
    pass.head = LossHead::evaluate;
    pass.head_context = &head;
    for (const spar_wants wants :
         {SPAR_WANT_INPUT_GRADIENT, SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS}) {
        pass.wants = wants;
        pass.dx = dx.data();
        CHECK_THROWS(space.pass(space.points(x.data()), pass));
        CHECK(same(t.weights(), before));
        CHECK(same(t.gradient(), gradients));
    }
}

TEST_CASE("what does not fit a perturbed parameter is reported") {
    const auto with = [](const char *method, const char *parameter = "2.weight") {
        return message({.method = method, .threat = threat(parameter)});
    };
    const std::string unknown = with(R"({"type":"fgm_at"})", "2.wieght");
    CHECK(holds(unknown, "#/threat/parameter: the model trains no parameter \"2.wieght\""));
    CHECK(holds(unknown, "did you mean \"2.weight\"?"));
    CHECK(holds(unknown, "0.weight, 0.bias, 2.weight, 2.bias"));
    for (const char *method :
         {R"({"type":"trades"})", R"({"type":"vat"})", R"({"type":"smart"})"}) {
        CAPTURE(method);
        CHECK(holds(with(method), "the whole batch is one point"));
    }
    CHECK(holds(with(R"({"type":"mart"})"), "mart needs classes"));
    CHECK(holds(with(R"({"type":"yopo"})"), "the first stage alone is not offered"));
    CHECK(holds(message({.method = R"({"type":"pgd_at"})",
                         .loss = R"({"type":"adversarial_cross_entropy","clean_weight":0.5})",
                         .threat = threat("2.weight")}),
                "the whole batch is one point"));
}
