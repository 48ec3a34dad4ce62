// Methods inside methods, methods where something they need is missing, and methods on text.
#include "training.hpp"

#include <spar/geometry.hpp>

#include <cmath>

using namespace spar::test;
using spar::host::Failure;

namespace {

std::string message(const Choices &choices) {
    try {
        Training(choices).gradients();
    } catch (const Failure &failure) {
        return failure.what();
    }
    return "no failure";
}

bool holds(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

constexpr const char *text_data = R"({"type":"tiny_data","kind":"text"})";
constexpr const char *text_threat = R"({"norm":"l2","eps":0.5,"space":"embedding"})";

}  // namespace

TEST_CASE("the tensors of a method inside another are its own") {
    const std::string pgd = R"({"type":"pgd_at","attack":{"type":"pgd","steps":2}})";
    Training t({.method = R"({"type":"input_gradient_penalty","weight":0.1,"method":
        {"type":"awp","method":{"type":"input_gradient_penalty","weight":0.2,"method":)" +
                          pgd + "}}}"});
    t.gradients();
    const auto &tensors = t.session().tensors();
    CHECK(tensors.contains("gradient"));
    CHECK(tensors.contains("method/method/gradient"));
    CHECK(tensors.contains("method/method/method/x_adv"));
    CHECK(tensors.size() == 3);
    CHECK(t.tensor("gradient") != t.tensor("method/method/gradient"));
}

TEST_CASE("a method that adds to another's gradients leaves them as they are") {
    Training inner({.method = R"({"type":"pgd_at","attack":{"type":"fgsm"}})"});
    Training outer({.method = R"({"type":"input_gradient_penalty","weight":0,
                                 "method":{"type":"pgd_at","attack":{"type":"fgsm"}}})"});
    CHECK(inner.gradients() == outer.gradients());
    Training awp({.method = R"({"type":"awp","gamma":0,"method":{"type":"natural"}})"});
    Training natural({.method = R"({"type":"natural"})"});
    CHECK(awp.gradients() == natural.gradients());
}

TEST_CASE("the message names what is missing") {
    const std::string inside =
        message({.method = R"({"type":"awp","method":{"type":"free","replays":2}})"});
    CHECK(holds(inside, "#/train/method/method"));
    CHECK(holds(inside, "cannot be inside another"));
    CHECK(holds(
        message({.method = R"({"type":"yopo"})", .model = R"({"type":"tiny_mlp","stage":false})"}),
        "no first stage"));
    CHECK(holds(message({.method = R"({"type":"yopo"})",
                         .model = R"({"type":"tiny_mlp","stage":false})",
                         .data = R"({"type":"tiny_data","kind":"text"})",
                         .threat = R"({"norm":"l2","eps":0.1,"space":"embedding"})"}),
                "no first stage"));
    const std::string regression = R"({"type":"tiny_data","kind":"regression"})";
    CHECK(holds(
        message({.method = R"({"type":"mart"})", .data = regression, .loss = R"({"type":"mse"})"}),
        "mart needs classes"));
    CHECK(holds(message({.method = R"({"type":"pgd_at","clean_weight":0.5})",
                         .loss = R"({"type":"adversarial_cross_entropy","clean_weight":0.5})"}),
                "clean_weight"));
}

TEST_CASE("values to regress: natural, adversarial and mixed training") {
    for (const char *method :
         {R"({"type":"natural"})", R"({"type":"pgd_at"})", R"({"type":"free"})",
          R"({"type":"fgsm_at"})", R"({"type":"mixed_batch_at"})", R"({"type":"grad_align"})",
          R"({"type":"freelb"})"}) {
        CAPTURE(method);
        Training t({.method = method,
                    .data = R"({"type":"tiny_data","kind":"regression"})",
                    .loss = R"({"type":"mse"})"});
        t.gradients();
        const double before = t.outcome.loss;
        t.skip_to(0);
        for (int step = 0; step < 60; ++step) t.step();
        t.skip_to(0);
        t.gradients();
        CHECK(t.outcome.loss < before);
    }
}

TEST_CASE("text: embeddings are perturbed, padding is not, and the embedding learns") {
    const char *methods[] = {R"({"type":"pgd_at","attack":{"type":"pgd","steps":2}})",
                             R"({"type":"fgsm_at"})",
                             R"({"type":"n_fgsm"})",
                             R"({"type":"free","replays":2})",
                             R"({"type":"trades","attack":{"type":"pgd","steps":2}})",
                             R"({"type":"grad_align"})",
                             R"({"type":"fgm_at"})",
                             R"({"type":"freelb"})",
                             R"({"type":"vat","xi":0.1})",
                             R"({"type":"alum"})",
                             R"({"type":"smart"})"};
    for (const char *method : methods) {
        CAPTURE(method);
        Training t({.method = method, .data = text_data, .threat = text_threat});
        const Floats by_method = t.gradients();
        const bool embedding_learns = std::any_of(by_method.begin(), by_method.begin() + 7 * 3,
                                                  [](float g) { return g != 0; });
        CHECK(embedding_learns);
        spar::host::FencedMatrix x;
        t.network().embed(t.batch(), x);
        const Floats x_adv = t.tensor("x_adv");
        int held = 0, moved = 0;
        const bool free = std::string(method).find("free\"") != std::string::npos;
        for (std::size_t i = 0; i < x_adv.size(); ++i) {
            const bool padding = t.batch().mask[i / 3] == 0;
            const float clean = x.data()[i];
            if (padding && !free) CHECK(x_adv[i] == clean);
            (padding ? held : moved) += x_adv[i] != clean ? 1 : 0;
        }
        CHECK(moved > 0);
        if (free) {  // the weights have moved in between: look at the perturbation itself
            const Floats delta = t.tensor("delta");
            for (std::size_t i = 0; i < delta.size(); ++i)
                if (t.batch().mask[i / 3] == 0) CHECK(delta[i] == 0);
        }
    }
}

TEST_CASE("text: two passes teach the embedding as one does") {
    Training natural({.method = R"({"type":"natural"})", .data = text_data, .threat = text_threat});
    Training trades(
        {.method = R"({"type":"trades","beta":0})", .data = text_data, .threat = text_threat});
    CHECK(difference(trades.gradients(), natural.gradients()) < 1e-6);
}

TEST_CASE(
    "text: the norm is over each text's vectors, for fgm_batch over those of the whole batch") {
    const auto lengths = [](const char *method) {
        Training t({.method = method, .data = text_data, .threat = text_threat});
        t.gradients();
        spar::host::FencedMatrix x;
        t.network().embed(t.batch(), x);
        const Floats x_adv = t.tensor("x_adv");
        Doubles found;
        const spar::Ball ball(t.threat());
        for (std::int64_t row = 0; row < x.count(); ++row)
            found.push_back(ball.distance(x[row], {x_adv.data() + row * 12, 12}));
        return found;
    };
    for (const char *method :
         {R"({"type":"fgm_at"})", R"({"type":"pgd_at","attack":{"type":"fgm"}})",
          R"({"type":"freelb","steps":2,"init":0,"step_size":0.5})"}) {
        CAPTURE(method);
        for (const double length : lengths(method)) CHECK(length == doctest::Approx(0.5));
    }
    double squares = 0;
    for (const double length : lengths(R"({"type":"pgd_at","attack":{"type":"fgm_batch"}})")) {
        CHECK((length > 0 && length < 0.5));
        squares += length * length;
    }
    CHECK(std::sqrt(squares) == doctest::Approx(0.5));
}
