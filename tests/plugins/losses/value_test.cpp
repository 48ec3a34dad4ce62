// Losses at points where the value is known by hand.
#include "losses.hpp"

#include "base/warnings.hpp"
#include "engine/loss_head.hpp"

#include <spar/kit/dlr.hpp>

#include <cmath>

using namespace spar::test;

namespace {

Answer at(const std::string &node, const Example &e) {
    const Made made(SPAR_KIND_LOSS, node);
    return evaluate(made.instance().ref(), e);
}

doctest::Approx near(double value) {
    return doctest::Approx(value).epsilon(1e-6);
}

}  // namespace

TEST_CASE("cross-entropy: equal outputs cost log K; huge outputs do not overflow") {
    const std::string ce = R"({"type":"cross_entropy"})";
    CHECK(at(ce, {.output = {1, 1, 1, 1}, .label = 2}).loss == near(std::log(4.0)));
    CHECK(at(ce, {.output = {1e4F, -1e4F}, .label = 1}).loss == near(2e4));
    CHECK(at(ce, {.output = {1e4F, -1e4F}, .label = 0}).loss == 0);
    const double smooth =
        at(R"({"type":"cross_entropy","label_smoothing":0.5})", {.output = {0, 1}, .label = 1})
            .loss;
    CHECK(smooth == near(std::log(1 + std::exp(1.0)) - 0.75));
}

TEST_CASE("squared and absolute error") {
    CHECK(at(R"({"type":"mse"})", {.output = {1, 2}, .values = {0, 4}}).loss == near(2.5));
    CHECK(at(R"({"type":"mae"})", {.output = {1, 2}, .values = {0, 4}}).loss == near(1.5));
    CHECK(at(R"({"type":"mae"})", {.output = {1, 2}, .label = 0}).loss == near(1.0));
    // On the softmax, the absolute error is 2 (1 - p_y) / K.
    CHECK(at(R"({"type":"mae","on":"softmax"})", {.output = {0, 0, 0, 0}, .label = 1}).loss ==
          near(2 * 0.75 / 4));
}

TEST_CASE("the margin, its limit, and its limit towards a target") {
    const Example behind{.output = {3, 1, 0}, .label = 0};
    const Example ahead{.output = {3, 1, 0}, .label = 2};
    CHECK(at(R"({"type":"margin"})", behind).loss == near(-2));
    CHECK(at(R"({"type":"margin","kappa":0})", behind).loss == near(-2));
    CHECK(at(R"({"type":"margin","kappa":1})", ahead).loss == near(1));
    CHECK(at(R"({"type":"margin","kappa":1})", ahead).gradient == Floats{0, 0, 0});
    CHECK(at(R"({"type":"margin","kappa":4})", ahead).gradient == Floats{1, 0, -1});
    // The attack descends here: once the target leads by kappa, nothing more is to be won.
    const Example won{.output = {3, 1, 0}, .label = 0, .target = 0};
    CHECK(at(R"({"type":"margin","kappa":1})", won).loss == near(-1));
    CHECK(at(R"({"type":"margin","kappa":1})", won).gradient == Floats{0, 0, 0});
}

TEST_CASE("hinge: nothing to pay beyond the margin") {
    CHECK(at(R"({"type":"hinge"})", {.output = {3, 1}, .label = 0}).loss == 0);
    CHECK(at(R"({"type":"hinge"})", {.output = {3, 1}, .label = 1}).loss == near(3));
}

TEST_CASE("dlr: three outputs by hand, shift and scale, sign") {
    const std::string node = R"({"type":"dlr"})";
    CHECK(at(node, {.output = {3, 2, 1}, .label = 0}).loss == near(-0.5));
    CHECK(at(node, {.output = {3, 2, 1}, .label = 2}).loss == near(1.0));
    const Floats z{0.3F, -1.2F, 2.5F, 0.9F, 1.1F};
    Floats moved = z;
    for (float &value : moved) value = 4 * value + 8;
    for (std::int64_t label = 0; label < 5; ++label) {
        const double before = at(node, {.output = z, .label = label}).loss;
        CHECK(at(node, {.output = moved, .label = label}).loss ==
              doctest::Approx(before).epsilon(1e-5));
        CHECK((before > 0) == (label != 2));
    }
    CHECK_THROWS_WITH_AS(at(node, {.output = {1, 2}, .label = 0}),
                         doctest::Contains("3 outputs or more"), spar::Error);
}

TEST_CASE("bilateral labels are those of the clean outputs, which the loss asks for") {
    const Made bilateral(SPAR_KIND_LOSS,
                         R"({"type":"adversarial_cross_entropy","labels":"bilateral"})");
    CHECK((spar::host::needs_of(bilateral.instance().ref()) & SPAR_LOSS_NEEDS_REFERENCE) != 0);
    const Floats z{1, 0, -1};
    const Example apart{.output = z, .reference = {0, 1, 2}, .label = 0};
    CHECK(evaluate(bilateral.instance().ref(), apart).loss !=
          evaluate(bilateral.instance().ref(), {.output = z, .reference = z, .label = 0}).loss);
}

TEST_CASE("targeted dlr: four outputs by hand, and its gradient by differences") {
    CHECK(spar::targeted_dlr(Floats{4, 3, 2, 0}, 0, 1, {}) == near(-1.0 / 3));
    Floats z{0.3F, -1.2F, 2.5F, 0.9F, 1.1F}, g(5);
    for (const std::int64_t label : {0, 2, 4}) {
        const std::int64_t target = (label + 1) % 5;
        spar::targeted_dlr(z, label, target, g);
        for (std::size_t i = 0; i < z.size(); ++i) {
            const float middle = z[i];
            const auto value = [&](float at) {
                z[i] = at;
                return spar::targeted_dlr(z, label, target, {});
            };
            const float up = middle + 1e-3F, down = middle - 1e-3F;
            const double slope = (value(up) - value(down)) / (double{up} - down);
            z[i] = middle;
            CHECK(g[i] == doctest::Approx(slope).epsilon(1e-3).scale(1e-2));
        }
    }
}

TEST_CASE("kl: zero for equal outputs, known for two") {
    const Floats z{0.5F, -1, 2};
    CHECK(std::fabs(at(R"({"type":"kl"})", {.output = z, .reference = z}).loss) < 1e-12);
    const Answer half =
        at(R"({"type":"kl"})", {.output = {0, std::log(3.0F)}, .reference = {0, 0}});
    CHECK(half.loss == near(0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75)));
    CHECK_THROWS_WITH_AS(at(R"({"type":"kl"})", {.output = z}), doctest::Contains("elsewhere"),
                         spar::Error);
    const Answer far = at(R"({"type":"kl"})", {.output = {1e4F, 0}, .reference = {0, 1e4F}});
    CHECK(far.loss == near(1e4));
}

namespace {

/// The loss on bilateral labels as the authors' program makes them: their surprise of the own class
/// is set to 1e4 before the least one is looked for.
double bilateral(const Floats &z, const Floats &clean, std::size_t y, double eps) {
    const double g = 0.01;
    const std::size_t n = z.size();
    double total = 0, log_sum = 0, mean = 0;
    for (const float c : clean) total += std::exp(double{c});
    std::vector<double> v(n);
    for (std::size_t i = 0; i < n; ++i) v[i] = std::log(total) - clean[i];
    for (std::size_t i = 0; i < n; ++i) mean += i == y ? 0 : v[i] / double(n - 1);
    v[y] = 1e4;
    const double least = *std::min_element(v.begin(), v.end());
    for (const float o : z) log_sum += std::exp(double{o});
    double loss = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double label =
            i == y ? 1 - eps : eps / double(n - 1) * (v[i] - least + g) / (mean - least + g);
        loss += label * (std::log(log_sum) - z[i]);
    }
    return loss;
}

}  // namespace

TEST_CASE("bilateral labels as the authors make them, of wrong and of right examples") {
    const Floats z{1, 0, -1, 2}, clean{0.5F, 0.1F, -0.3F, 4};
    for (const std::int64_t y : {0, 1, 2, 3}) {  // 3 is right, with confidence
        CAPTURE(y);
        const auto answer =
            at(R"({"type":"adversarial_cross_entropy","labels":"bilateral","label_eps":0.5})",
               {.output = z, .reference = clean, .label = y});
        CHECK(answer.loss == near(bilateral(z, clean, std::size_t(y), 0.5)));
    }
    // The likeliest other class gets next to nothing: an output there costs next to nothing.
    Floats other = z;
    other[0] += 1;
    const std::string node =
        R"({"type":"adversarial_cross_entropy","labels":"bilateral","label_eps":0.5})";
    const Answer answer = at(node, {.output = z, .reference = clean, .label = 3});
    double sum = 0;
    for (const float o : z) sum += std::exp(double{o});
    CHECK(std::exp(double{z[0]}) / sum - answer.gradient[0] < 0.005);
}

TEST_CASE("a softmax of one output is refused, with what to take instead") {
    for (const char *node :
         {R"({"type":"cross_entropy"})", R"({"type":"adversarial_cross_entropy"})",
          R"({"type":"kl"})", R"({"type":"mse","on":"softmax"})",
          R"({"type":"adversarial_mse","on":"softmax"})", R"({"type":"mae","on":"softmax"})"}) {
        CAPTURE(node);
        CHECK_THROWS_WITH_AS(at(node, {.output = {1}, .reference = {2}, .values = {0}}),
                             doctest::Contains("the softmax of one number is 1"), spar::Error);
    }
    for (const char *node : {R"({"type":"mse"})", R"({"type":"mse","against":"outputs"})",
                             R"({"type":"adversarial_mae"})"})
        CHECK(at(node, {.output = {1}, .reference = {2}, .values = {0}}).loss == near(1));
}

TEST_CASE(
    "values that are no shares of classes are refused or told where a softmax is to meet them") {
    const auto told = [](const std::string &node, const Floats &values) {
        spar::host::warnings().clear();
        at(node, {.output = {1, 2, 3}, .reference = {1, 2, 3}, .values = values});
        const auto all = spar::host::warnings().all();
        spar::host::warnings().clear();
        return !all.empty() && all[0].code == "values_are_no_shares";
    };
    for (const std::string name : {"cross_entropy", "adversarial_cross_entropy"}) {
        const std::string node = R"({"type":")" + name + "\"}";
        CHECK_THROWS_WITH_AS(told(node, {-1, 1, -1}), doctest::Contains("a target value is -1"),
                             spar::Error);
        CHECK(told(node, {1, 1, 0}));
        CHECK(told(node, {0, 0, 0}));
        CHECK(!told(node, {0.25F, 0.5F, 0.2501F}));
    }
    for (const std::string name : {"mse", "mae", "adversarial_mse", "adversarial_mae"}) {
        const std::string node = R"({"type":")" + name + "\"";
        CHECK(told(node + R"(,"on":"softmax"})", {-1, 1, 1}));
        CHECK(told(node + R"(,"on":"softmax"})", {1, 1, 0}));
        CHECK(!told(node + R"(,"on":"softmax"})", {0, 1, 0}));
        CHECK(!told(node + "}", {-1, 7, 1}));
    }
}

TEST_CASE("perturbed labels sum to what they should, and noise is the example's own") {
    const std::string node =
        R"({"type":"adversarial_cross_entropy","labels":"noise","label_eps":0})";
    const Example e{.output = {1, 2, 3}, .label = 0};
    CHECK(at(node, e).loss == at(R"({"type":"cross_entropy"})", e).loss);
    const std::string noisy = R"({"type":"adversarial_mse","label_eps":0.5})";
    CHECK(at(noisy, e).loss == at(noisy, e).loss);
    CHECK(at(noisy, e).loss != at(R"({"type":"mse"})", e).loss);
}

TEST_CASE("a sum is the sum of its terms, also of their needs") {
    const Example e{.output = {1, 2, 3}, .reference = {0, 1, 1}, .label = 0};
    const Example clean{.output = {0, 1, 1}, .label = 0};
    const std::string sum =
        R"({"type":"sum","terms":[{"loss":{"type":"cross_entropy"},"weight":0.5},
        {"loss":{"type":"cross_entropy"},"weight":0.5,"at":"clean"}]})";
    const std::string ce = R"({"type":"cross_entropy"})";
    CHECK(at(sum, e).loss == near(0.5 * at(ce, e).loss + 0.5 * at(ce, clean).loss));
    const Made made(SPAR_KIND_LOSS, sum);
    CHECK((spar::needs(made.instance().ref()) & SPAR_LOSS_NEEDS_REFERENCE) != 0);
    CHECK_THROWS_WITH_AS(at(sum, clean), doctest::Contains("clean"), spar::Error);
}

TEST_CASE("a class the model does not have is an error, not a crash") {
    for (const char *node : {R"({"type":"cross_entropy"})", R"({"type":"margin"})",
                             R"({"type":"hinge"})", R"({"type":"dlr"})", R"({"type":"mae"})"}) {
        CHECK_THROWS_WITH_AS(at(node, {.output = {1, 2, 3}, .label = 3}),
                             doctest::Contains("class 3"), spar::Error);
        CHECK_THROWS_AS(at(node, {.output = {1, 2, 3}}), spar::Error);
    }
}
