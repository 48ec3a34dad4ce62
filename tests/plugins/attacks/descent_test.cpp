// fgsm, pgd and their family against slow loops written out from the papers.
#include "analytic.hpp"

using namespace spar::test;
using spar::Ball;

namespace {

const std::string cross_entropy = R"({"type":"cross_entropy"})";

/// Everything that one example's slow loop needs.
struct Slow {
    const AnalyticModel &model;
    const Problem &p;
    const spar_component_ref &loss;
    std::int64_t row;

    Floats gradient(const Floats &x) const {
        Floats outputs(static_cast<std::size_t>(model.outputs())), cotangent = outputs, g(x.size());
        model.forward(x, outputs);
        spar_loss_rows rows{};
        rows.struct_size = sizeof rows;
        rows.count = 1;
        rows.outputs = model.outputs();
        rows.output = outputs.data();
        rows.labels = &p.labels[static_cast<std::size_t>(row)];
        rows.gradient = cotangent.data();
        spar::evaluate(loss, rows);
        model.backward(x, cotangent, g);
        return g;
    }
    Floats center() const {
        const auto x = example(p.x, p, row);
        return {x.begin(), x.end()};
    }
    spar::Random random(std::uint32_t draw) const {
        return {p.key, p.ids[static_cast<std::size_t>(row)], draw};
    }
};

float sign(float v) {
    return v > 0 ? 1.0F : v < 0 ? -1.0F : 0.0F;
}

/// Into the cube around the center, then into the box; both ends of the cube rounded inwards.
float clip(float value, float center, float eps) {
    float low = center - eps, high = center + eps;
    if (center - low > eps) low = std::nextafter(low, center);
    if (high - center > eps) high = std::nextafter(high, center);
    return std::min(std::max(std::min(std::max(value, low), high), 0.0F), 1.0F);
}

}  // namespace

TEST_CASE("fgsm equals the formula to the last bit") {
    const AnalyticModel model(30, 12, 5);
    const Problem p = problem(model, 20, SPAR_NORM_LINF, 0.1);
    const Made loss(SPAR_KIND_LOSS, cross_entropy), fgsm(SPAR_KIND_ATTACK, R"({"type":"fgsm"})");
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const Floats x_adv = run_attack(fgsm.instance().ref(), model, p, oracle);
    CHECK(oracle.forwards == 20);
    CHECK(oracle.gradients == 20);
    for (std::int64_t row = 0; row < p.count; ++row) {
        const Slow slow{model, p, loss.instance().ref(), row};
        Floats x = slow.center();
        const Floats g = slow.gradient(x);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] = clip(x[i] + 0.1F * sign(g[i]), slow.center()[i], 0.1F);
        CHECK(std::ranges::equal(x, example(x_adv, p, row)));
    }
}

TEST_CASE("pgd in training equals Madry's loop to the last bit, and asks no more than it must") {
    const AnalyticModel model(30, 12, 5);
    Problem p = problem(model, 9, SPAR_NORM_LINF, 0.1);
    p.purpose = SPAR_PURPOSE_TRAIN;
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    const Made pgd(SPAR_KIND_ATTACK, R"({"type":"pgd","steps":7,"step_size":0.025})");
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const Floats x_adv = run_attack(pgd.instance().ref(), model, p, oracle);
    CHECK(oracle.forwards == 9 * 7);
    CHECK(oracle.gradients == 9 * 7);
    for (std::int64_t row = 0; row < p.count; ++row) {
        const Slow slow{model, p, loss.instance().ref(), row};
        const Floats center = slow.center();
        Floats x = center;
        spar::Random random = slow.random(0);
        for (std::size_t i = 0; i < x.size(); ++i)
            x[i] =
                clip(x[i] + random.uniform(static_cast<std::int64_t>(i), -0.1F, 0.1F), x[i], 0.1F);
        for (int step = 0; step < 7; ++step) {
            const Floats g = slow.gradient(x);
            for (std::size_t i = 0; i < x.size(); ++i)
                x[i] = clip(x[i] + 0.025F * sign(g[i]), center[i], 0.1F);
        }
        CHECK(std::ranges::equal(x, example(x_adv, p, row)));
    }
}

TEST_CASE("pgd under l2 follows the loop of Foolbox") {
    const AnalyticModel model(30, 12, 5);
    Problem p = problem(model, 9, SPAR_NORM_L2, 0.5);
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    const Made pgd(SPAR_KIND_ATTACK, R"({"type":"pgd","steps":6,"step_size":0.2,
        "random_start":false,"keep":"last","stop_early":"no"})");
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const Floats x_adv = run_attack(pgd.instance().ref(), model, p, oracle);
    for (std::int64_t row = 0; row < p.count; ++row) {
        const Slow slow{model, p, loss.instance().ref(), row};
        const Floats center = slow.center();
        std::vector<double> x(center.begin(), center.end());
        for (int step = 0; step < 6; ++step) {
            const Floats g = slow.gradient(Floats(x.begin(), x.end()));
            double length = 0, distance = 0;
            for (const float v : g) length += double{v} * v;
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += 0.2 * g[i] / std::sqrt(length);
            for (std::size_t i = 0; i < x.size(); ++i)
                distance += (x[i] - center[i]) * (x[i] - center[i]);
            const double scale = std::min(1.0, 0.5 / std::sqrt(distance));
            for (std::size_t i = 0; i < x.size(); ++i)
                x[i] = std::clamp(center[i] + scale * (x[i] - center[i]), 0.0, 1.0);
        }
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(example(x_adv, p, row)[i] == doctest::Approx(x[i]).epsilon(1e-4));
    }
}

TEST_CASE("evaluation keeps the best iterate and stops asking about what is fooled") {
    const AnalyticModel model(30, 12, 5);
    const Problem p = problem(model, 60, SPAR_NORM_LINF, 0.05);
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    std::int64_t last = 0;
    for (const char *node :
         {R"({"type":"pgd","steps":10,"keep":"last","stop_early":"no"})",
          R"({"type":"pgd","steps":10,"keep":"best","stop_early":"no"})",
          R"({"type":"pgd","steps":10})", R"({"type":"pgd","steps":10,"restarts":4})"}) {
        CAPTURE(node);
        const Made pgd(SPAR_KIND_ATTACK, node);
        const AnalyticOracle oracle(model, p, &loss.instance().ref());
        const Floats x_adv = run_attack(pgd.instance().ref(), model, p, oracle);
        CHECK(inside(p, x_adv));
        const std::int64_t broken = fooled(model, p, x_adv);
        CHECK(broken >= last);
        last = broken;
        const bool early = std::string(node).find("stop_early") == std::string::npos;
        if (early) CHECK(oracle.gradients < 60 * 10 * 4);
    }
    CHECK(last > 10);
    CHECK(last < 60);
}

TEST_CASE("momentum against the loop of the paper, and Nesterov's look ahead") {
    const AnalyticModel model(30, 12, 5);
    const Problem p = problem(model, 8, SPAR_NORM_LINF, 0.1);
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    for (const bool nesterov : {false, true}) {
        const Made attack(SPAR_KIND_ATTACK,
                          nesterov ? R"({"type":"ni_fgsm","steps":8,"decay":0.9})"
                                   : R"({"type":"mi_fgsm","steps":8,"decay":0.9,"keep":"last",
                                         "stop_early":"no"})");
        const AnalyticOracle oracle(model, p, &loss.instance().ref());
        const Floats x_adv = run_attack(attack.instance().ref(), model, p, oracle);
        for (std::int64_t row = 0; row < p.count; ++row) {
            const Slow slow{model, p, loss.instance().ref(), row};
            const Floats center = slow.center();
            Floats x = center;
            std::vector<double> g(x.size(), 0.0);
            const auto alpha = static_cast<float>(0.1 / 8);
            for (int step = 0; step < 8; ++step) {
                Floats at = x;
                for (std::size_t i = 0; nesterov && i < x.size(); ++i)
                    at[i] = static_cast<float>(x[i] + alpha * 0.9 * g[i]);
                const Floats now = slow.gradient(at);
                double length = 0;
                for (const float v : now) length += std::fabs(double{v});
                // Nesterov's as in its authors' program: over the mean of the magnitudes.
                if (nesterov) length /= static_cast<double>(x.size());
                for (std::size_t i = 0; i < x.size(); ++i) g[i] = 0.9 * g[i] + now[i] / length;
                for (std::size_t i = 0; i < x.size(); ++i)
                    x[i] = clip(x[i] + alpha * sign(static_cast<float>(g[i])), center[i], 0.1F);
            }
            for (std::size_t i = 0; i < x.size(); ++i)
                CHECK(example(x_adv, p, row)[i] == doctest::Approx(x[i]).epsilon(1e-5));
        }
    }
}

TEST_CASE("Nesterov's look ahead is about as long as a step, in every norm") {
    const AnalyticModel model(400, 12, 5);
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    const Made attack(SPAR_KIND_ATTACK, R"({"type":"ni_fgsm","steps":4,"step_size":0.02})");
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        Problem p = problem(model, 1, norm, 0.08);
        for (float &value : p.x) value = std::clamp(value, 0.3F, 0.7F);  // the box stops nothing
        AnalyticOracle oracle(model, p, &loss.instance().ref());
        std::vector<Floats> asked;
        oracle.watch = [&](const spar_query &q) { asked.emplace_back(q.x, q.x + 400); };
        run_attack(attack.instance().ref(), model, p, oracle);
        REQUIRE(asked.size() == 4);
        // A step, and the look ahead by what it left of momentum: between one and some steps more.
        const double first = spar::Ball(p.threat).distance(asked[1], p.x);
        CHECK(first > 1.5 * 0.02);
        CHECK(first < 8 * 0.02);
    }
}

TEST_CASE("fgm normalises each example, fgm_batch the whole tensor, gradient_ascent nothing") {
    const AnalyticModel model(10, 0, 3);
    Problem p = problem(model, 4, SPAR_NORM_L2, 0.5);
    p.threat.lower = -10;
    p.threat.upper = 10;
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const auto run = [&](const char *node) {
        const Made made(SPAR_KIND_ATTACK, node);
        return run_attack(made.instance().ref(), model, p, oracle);
    };
    const Floats one = run(R"({"type":"fgm"})"), whole = run(R"({"type":"fgm_batch"})");
    const Floats raw = run(
        R"({"type":"gradient_ascent","steps":1,"step_size":0.01,"keep":"last","stop_early":"no"})");
    double all = 0, squares = 0;
    for (std::int64_t row = 0; row < p.count; ++row) {
        const Floats g = Slow{model, p, loss.instance().ref(), row}.gradient(
            Slow{model, p, loss.instance().ref(), row}.center());
        CHECK(Ball(p.threat).distance(example(one, p, row), example(p.x, p, row)) ==
              doctest::Approx(0.5).epsilon(1e-5));
        const double moved = Ball(p.threat).distance(example(whole, p, row), example(p.x, p, row));
        all += moved * moved;
        squares += spar::dot(g, g);
        for (std::size_t i = 0; i < g.size(); ++i)
            CHECK(example(raw, p, row)[i] - example(p.x, p, row)[i] ==
                  doctest::Approx(0.01 * g[i]).epsilon(1e-3).scale(1e-3));
    }
    CHECK(squares > 0);
    CHECK(std::sqrt(all) == doctest::Approx(0.5).epsilon(1e-5));
}

TEST_CASE("masked positions stay as they are") {
    const AnalyticModel model(12, 8, 3);
    Problem p = problem(model, 5, SPAR_NORM_L2, 1, {4, 3});
    const Made loss(SPAR_KIND_LOSS, cross_entropy);
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const Floats mask{1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1};
    for (const char *node : {R"({"type":"pgd","steps":3})", R"({"type":"noise"})",
                             R"({"type":"fgm"})", R"({"type":"fgm_batch"})"}) {
        const Made made(SPAR_KIND_ATTACK, node);
        Floats x_adv = p.x;
        spar_attack_batch batch{};
        batch.struct_size = sizeof batch;
        batch.count = p.count;
        batch.size = 12;
        batch.rank = 2;
        batch.shape[0] = 4;
        batch.shape[1] = 3;
        batch.x = p.x.data();
        batch.mask = mask.data();
        batch.labels = p.labels.data();
        batch.ids = p.ids.data();
        batch.threat = &p.threat;
        batch.x_adv = x_adv.data();
        spar::perturb(made.instance().ref(), oracle.table(), batch);
        bool moved = false;
        for (std::size_t i = 0; i < x_adv.size(); ++i) {
            if (mask[i / 3] == 0.0F) CHECK(x_adv[i] == p.x[i]);
            if (mask[i / 3] != 0.0F) moved = moved || x_adv[i] != p.x[i];
        }
        CHECK(moved);
    }
}

TEST_CASE("restarts without a random start are refused") {
    CHECK_THROWS_WITH(Made(SPAR_KIND_ATTACK, R"({"type":"pgd","restarts":3,"random_start":false})"),
                      doctest::Contains("/restarts"));
}
