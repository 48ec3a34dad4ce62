// Which loss crafting increases: the attack's, or else the method's, or else the training loss, and
// for a loss that compares with clean outputs cross-entropy.
#include "tiny_net.hpp"

#include <map>

using namespace spar::test;
using spar::host::Crafting;

namespace {

constexpr const char *mixed =
    R"({"type":"adversarial_cross_entropy","clean_weight":0.5,"labels":"smooth"})";

const char *const crafting_methods[] = {R"({"type":"fgsm_at","mode":"eval")",
                                        R"({"type":"n_fgsm")",
                                        R"({"type":"free","replays":3)",
                                        R"({"type":"yopo","passes":3,"inner_steps":2)",
                                        R"({"type":"freelb","step_size":0.05)",
                                        R"({"type":"fgm_at")",
                                        R"({"type":"grad_align")",
                                        R"({"type":"mixed_batch_at")",
                                        R"({"type":"mart","attack":{"type":"pgd","steps":2})",
                                        R"({"type":"pgd_at","attack":{"type":"pgd","steps":2})"};

std::string with_loss(const std::string &method, const std::string &loss) {
    return method + R"(,"loss":)" + loss + "}";
}

Floats crafted(const Choices &choices) {
    Training t(choices);
    t.gradients();
    return t.tensor("x_adv");
}

std::vector<Crafting> told(const std::string &method, const std::string &loss,
                           std::optional<bool> classes = {}) {
    const Training t({.method = method, .loss = loss});
    return spar::host::crafting_of(t.plan(), tiny_registry(), classes);
}

}  // namespace

TEST_CASE("a loss of the method's own that is the training loss changes nothing, another does") {
    for (const std::string method : crafting_methods) {
        CAPTURE(method);
        Training plain({.method = method + "}"});
        Training same({.method = with_loss(method, R"({"type":"cross_entropy"})")});
        Training other({.method = with_loss(method, R"({"type":"mse"})")});
        const Floats gradients = plain.gradients();
        CHECK(difference(same.gradients(), gradients) < 1e-5);
        CHECK(difference(other.gradients(), gradients) > 1e-3);
        // What moves is where training happens, not what is trained on.
        CHECK(same.outcome.loss == doctest::Approx(plain.outcome.loss).epsilon(1e-5));
    }
}

TEST_CASE("one step follows the gradient of the method's loss, and trains on the training loss") {
    Training square({.method = R"({"type":"natural"})", .loss = R"({"type":"mse"})"});
    Training own({.method = R"({"type":"natural"})"});
    const Floats x = own.x(), g = square.natural_at(x).by_x;
    Floats wanted = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float sign = g[i] > 0 ? 1.0F : g[i] < 0 ? -1.0F : 0.0F;
        wanted[i] = std::clamp(x[i] + 0.1F * sign, 0.0F, 1.0F);
    }
    Training t({.method = R"({"type":"fgsm_at","random_start":false,"step":1,
                             "loss":{"type":"mse"}})"});
    const Floats gradients = t.gradients();
    CHECK(difference(t.tensor("x_adv"), wanted) < 1e-6);
    CHECK(difference(gradients, own.natural_at(wanted).by_weights) < 1e-6);
    const std::string attack = R"({"type":"pgd_at","attack":{"type":"fgsm")";
    CHECK(crafted({.method = attack + R"(},"loss":{"type":"mse"}})"}) == t.tensor("x_adv"));
    // The attack's own counts before the method's.
    CHECK(crafted({.method = attack + R"(,"loss":{"type":"mse"}},
                             "loss":{"type":"cross_entropy"}})"}) == t.tensor("x_adv"));
}

TEST_CASE("a loss that compares crafts by cross-entropy, and is trained on at both ends") {
    for (const std::string method :
         {R"({"type":"pgd_at","attack":{"type":"pgd","steps":3}})", R"({"type":"fgsm_at"})",
          R"({"type":"n_fgsm"})", R"({"type":"fgm_at"})", R"({"type":"mart"})"}) {
        CAPTURE(method);
        CHECK(crafted({.method = method, .loss = mixed}) == crafted({.method = method}));
    }
    const auto objective = [](const Training &t, const Floats &w, const Floats &x_adv) {
        const Net net;
        const Doubles at(w.begin(), w.end());
        const Floats x = t.x();
        double total = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const Doubles p = net.log_p(at, {x.data() + 6 * i, 6}),
                          q = net.log_p(at, {x_adv.data() + 6 * i, 6});
            const auto y = std::size_t(t.batch().labels[i]);
            for (std::size_t k = 0; k < q.size(); ++k) total -= (k == y ? 0.9 : 0.05) * q[k] / 8;
            total -= 0.5 * p[y] / 8;
        }
        return total;
    };
    // The slope of the objective along the gradients is their square.
    for (const std::string method : {"pgd_at", "fgsm_at", "n_fgsm", "fgm_at", "trades"}) {
        CAPTURE(method);
        Training t(
            {.method = R"({"type":")" + method + (method == "trades" ? R"(","beta":0})" : "\"}"),
             .loss = mixed});
        const Floats g = t.gradients(), x_adv = t.tensor("x_adv"), w = t.weights();
        double square = 0;
        for (const float v : g) square += double{v} * v;
        const double up = objective(t, plus(w, g, 1e-2F), x_adv),
                     down = objective(t, plus(w, g, -1e-2F), x_adv);
        CHECK((up - down) / 2e-2 == doctest::Approx(square).epsilon(1e-3));
    }
}

TEST_CASE("a loss that compares brings its own weights and goes with methods that compare") {
    Training weighed({.method = R"({"type":"fgm_at","weight":0.5})", .loss = mixed});
    CHECK_THROWS_WITH(weighed.gradients(), doctest::Contains("/weight: the loss brings a clean"));
    Training natural({.method = R"({"type":"natural"})", .loss = mixed});
    CHECK_THROWS_WITH(natural.gradients(), doctest::Contains("train by a method that does"));
}

TEST_CASE("on values, too, a loss that compares is trained on") {
    for (const char *loss : {R"({"type":"adversarial_mse","clean_weight":0.5})",
                             R"({"type":"adversarial_mae","clean_weight":0.5})",
                             R"({"type":"sum","terms":[{"loss":{"type":"mse"}},
                                 {"loss":{"type":"mae"},"at":"clean"}]})"}) {
        CAPTURE(loss);
        const Choices values{.method = R"({"type":"pgd_at","attack":{"type":"pgd","steps":2}})",
                             .data = R"({"type":"tiny_data","kind":"regression"})",
                             .loss = loss};
        Choices square = values;
        square.loss = R"({"type":"mse"})";
        CHECK(crafted(values) == crafted(square));
    }
}

TEST_CASE("who crafts with which loss is reported for every method and every attack in it") {
    const std::string ce = R"({"type":"cross_entropy"})";
    CHECK(told(R"({"type":"natural"})", ce).empty());
    const auto one = [](const std::vector<Crafting> &all) {
        REQUIRE(all.size() == 1);
        return spar::host::sentence(all[0]);
    };
    CHECK(one(told(R"({"type":"fgsm_at"})", R"({"type":"hinge"})")) ==
          "#/train/method crafts with hinge (the training loss)");
    CHECK(one(told(R"({"type":"fgsm_at","loss":{"type":"margin"}})", ce)) ==
          "#/train/method crafts with margin (the method's)");
    CHECK(one(told(R"({"type":"pgd_at","loss":{"type":"margin"},
                       "attack":{"type":"pgd","loss":{"type":"dlr"}}})",
                   ce)) == "#/train/method/attack crafts with dlr (the attack's)");
    for (const std::string method : {"smart", "alum", "vat"})
        CHECK(one(told(R"({"type":")" + method + "\"}", ce)) ==
              "#/train/method crafts with kl (what the method sets it)");
    CHECK(told(R"({"type":"r3f"})", ce).empty());
    CHECK(one(told(R"({"type":"awp","method":{"type":"trades"}})", ce)) ==
          "#/train/method/method/attack crafts with kl (what the method sets it)");
    CHECK(one(told(R"({"type":"pgd_at"})", mixed)) ==
          "#/train/method/attack crafts with cross_entropy "
          "(the training loss compares with clean outputs)");
    CHECK(one(told(R"({"type":"pgd_at"})",
                   R"({"type":"adversarial_cross_entropy","clean_weight":0.5})")) ==
          "#/train/method/attack crafts with cross_entropy, mse for values "
          "(the training loss compares with clean outputs)");
    CHECK(told(R"({"type":"pgd_at"})", mixed, true)[0].loss == "cross_entropy");
    CHECK(told(R"({"type":"pgd_at"})", mixed, false)[0].loss == "mse");
}

TEST_CASE("a softmax of one output is refused before the training, wherever it stands") {
    const std::string one_value = R"({"type":"tiny_data","kind":"one_value"})";
    const auto says = [&](const std::string &method, const std::string &loss) -> std::string {
        try {
            Training({.method = method, .data = one_value, .loss = loss}).rehearse();
        } catch (const spar::host::Failure &failure) {
            return failure.what();
        }
        return "";
    };
    const std::string natural = R"({"type":"natural"})", mse = R"({"type":"mse"})";
    CHECK(says(natural, mse).empty());
    for (const char *loss :
         {R"({"type":"cross_entropy"})", R"({"type":"adversarial_cross_entropy"})",
          R"({"type":"mse","on":"softmax"})", R"({"type":"mae","on":"softmax"})",
          R"({"type":"adversarial_mae","on":"softmax"})"}) {
        CAPTURE(loss);
        const std::string message = says(natural, loss);
        CHECK(message.starts_with("#/train/loss: the model has one output"));
        CHECK(message.find("take mse or mae") != std::string::npos);
    }
    CHECK(says(natural, R"({"type":"sum","terms":[{"loss":{"type":"cross_entropy"}}]})")
              .starts_with("#/train/loss/terms/0/loss: the model has one output"));
    for (const std::string method : {"trades", "alum", "smart", "vat", "r3f"}) {
        CAPTURE(method);
        CHECK(says(R"({"type":")" + method + "\"}", mse)
                  .starts_with("#/train/method/divergence: the model has one output"));
        const std::string begin = R"({"type":")" + method + R"(","divergence":)";
        CHECK(says(begin + R"({"type":"mse","against":"outputs"}})", mse).empty());
    }
    CHECK(says(R"({"type":"pgd_at","loss":{"type":"cross_entropy"}})", mse)
              .starts_with("#/train/method/loss: "));
    CHECK(says(R"({"type":"pgd_at","attack":{"type":"pgd","loss":{"type":"cross_entropy"}}})", mse)
              .starts_with("#/train/method/attack/loss: "));
    CHECK(says(natural, R"({"type":"hinge"})").find("needs labels") != std::string::npos);
}
