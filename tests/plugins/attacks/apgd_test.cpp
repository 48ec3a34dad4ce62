#include "analytic.hpp"
#include "apgd/windows.hpp"

using namespace spar::test;

namespace {

std::vector<std::int64_t> checks(std::int64_t steps) {
    apgd::Windows windows = apgd::Windows::shrinking(steps);
    std::vector<std::int64_t> at;
    for (std::int64_t step = 1; step < steps; ++step)
        if (windows.step() > 0) at.push_back(step);
    return at;
}

using Steps = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("apgd looks back where the released code does") {
    CHECK(checks(100) == Steps{22, 41, 57, 70, 80, 87, 93, 99});
    CHECK(checks(50) == Steps{11, 21, 30, 38, 45});
    CHECK(checks(20) == Steps{4, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19});
    CHECK(checks(10) == Steps{2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("apgd begins on the surface of the ball") {
    const AnalyticModel model(40, 16, 5);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    const Made apgd(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":1})");
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        Problem p = problem(model, 10, norm, 0.1);
        p.threat.lower = -9;
        p.threat.upper = 9;
        AnalyticOracle oracle(model, p, &loss.instance().ref());
        int seen = 0;
        oracle.watch = [&](const spar_query &q) {
            if (seen++ > 0) return;
            const spar::Ball ball(p.threat);
            for (std::int64_t i = 0; i < q.count; ++i)
                CHECK(ball.distance({q.x + i * 40, 40}, example(p.x, p, i)) ==
                      doctest::Approx(0.1).epsilon(1e-4));
        };
        run_attack(apgd.instance().ref(), model, p, oracle);
        CHECK(seen >= 1);
    }
}

TEST_CASE("more steps never end at a lower loss, and the best point seen is what comes back") {
    const AnalyticModel model(40, 16, 5);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"dlr"})");
    const Made apgd(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":40})");
    const Problem p = problem(model, 1, SPAR_NORM_LINF, 0.004);
    AnalyticOracle oracle(model, p, &loss.instance().ref());
    Floats outputs(5), points;
    double best = -1e9;
    const auto lead_over_spread = [&](const float *x) {
        model.forward({x, 40}, outputs);
        Floats sorted = outputs;
        std::ranges::sort(sorted, std::greater<>());
        const float own = outputs[static_cast<std::size_t>(p.labels[0])];
        return (sorted[1] - own) / (sorted[0] - sorted[2]);  // correctly classified throughout
    };
    oracle.watch = [&](const spar_query &q) {
        best = std::max(best, double{lead_over_spread(q.x)});
    };
    const Floats x_adv = run_attack(apgd.instance().ref(), model, p, oracle);
    REQUIRE(fooled(model, p, x_adv) == 0);
    CHECK(oracle.gradients == 41);
    CHECK(lead_over_spread(x_adv.data()) == doctest::Approx(best).epsilon(1e-5));
}

TEST_CASE("apgd asks at the points that its definition gives, and trains on the worst of them") {
    const AnalyticModel model(40, 16, 5);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    constexpr int steps = 30;
    const Made apgd(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":30})");
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2})
        for (const double eps : {0.02, 0.3}) {
            CAPTURE(norm);
            CAPTURE(eps);
            Problem p = problem(model, 1, norm, eps);
            p.purpose = SPAR_PURPOSE_TRAIN;  // otherwise it ends where the model errs
            const spar::Ball ball(p.threat);
            AnalyticOracle oracle(model, p, &loss.instance().ref());
            const AnalyticOracle own(model, p, &loss.instance().ref());
            std::vector<Floats> asked;
            oracle.watch = [&](const spar_query &q) { asked.emplace_back(q.x, q.x + 40); };
            const Floats x_adv = run_attack(apgd.instance().ref(), model, p, oracle);
            REQUIRE(asked.size() == steps + 1);

            // Croce and Hein 2020, algorithm 1, written out.
            const auto ask = [&](const Floats &x, Floats &gradient) {
                float value = 0;
                spar_query q{};
                q.struct_size = sizeof q;
                q.count = 1;
                q.x = x.data();
                q.loss_values = &value;
                q.gradient = gradient.data();
                spar::checked(
                    [&](spar_error *e) { return own.table()->evaluate(own.table(), &q, e); });
                return double{value};
            };
            apgd::Windows windows = apgd::Windows::shrinking(steps);
            Floats x = asked[0], before = x, g(40), best = x, g_best(40);
            double step = 2 * eps, f = ask(x, g), f_best = f, f_best_before = f;
            g_best = g;
            bool halved = true;
            int rises = 0;
            for (int k = 0; k < steps; ++k) {
                Floats z = x, next = x;
                ball.ascend(p.x, g, static_cast<float>(step), z);
                const float share = k == 0 ? 1.0F : 0.75F;
                for (std::size_t i = 0; i < x.size(); ++i)
                    next[i] = x[i] + share * (z[i] - x[i]) + (1 - share) * (x[i] - before[i]);
                ball.project(p.x, next);
                before = x;
                x = next;
                double apart = 0;
                for (std::size_t i = 0; i < x.size(); ++i)
                    apart = std::max(apart, double{std::fabs(x[i] - asked[std::size_t(k) + 1][i])});
                CHECK(apart < 1e-5);
                x = asked[std::size_t(k) + 1];  // rounding must not add up
                const double here = ask(x, g);
                rises += here > f ? 1 : 0;
                f = here;
                if (f > f_best) {
                    f_best = f;
                    best = x;
                    g_best = g;
                }
                if (k + 1 == steps) break;
                const std::int64_t window = windows.step();
                if (window == 0) continue;
                const bool stuck = !halved && f_best <= f_best_before;
                halved = rises < 0.75 * double(window) || stuck;
                f_best_before = f_best;
                rises = 0;
                if (!halved) continue;
                step /= 2;
                x = best;
                g = g_best;
                f = f_best;
            }
            CHECK(x_adv == best);
        }
}

TEST_CASE("apgd with targets asks about each of them, and beats one loss alone") {
    const AnalyticModel model(40, 16, 6);
    const Problem p = problem(model, 60, SPAR_NORM_LINF, 0.05);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    const Made plain(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":20})");
    const Made aimed(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":20,"targets":9})");
    const AnalyticOracle one(model, p, &loss.instance().ref());
    const AnalyticOracle many(model, p, nullptr);
    const auto first = fooled(model, p, run_attack(plain.instance().ref(), model, p, one));
    const auto second = fooled(model, p, run_attack(aimed.instance().ref(), model, p, many));
    CHECK(second >= first);
    CHECK(many.gradients > one.gradients);  // five other classes
    const AnalyticModel small(40, 16, 3);
    const Problem few = problem(small, 4, SPAR_NORM_LINF, 0.05);
    const AnalyticOracle three(small, few, nullptr);
    CHECK_THROWS_WITH(run_attack(aimed.instance().ref(), small, few, three),
                      doctest::Contains("four outputs or more"));
    CHECK_THROWS_WITH(
        Made(SPAR_KIND_ATTACK, R"({"type":"apgd","targets":3,"loss":{"type":"dlr"}})"),
        doctest::Contains("/loss"));
}
