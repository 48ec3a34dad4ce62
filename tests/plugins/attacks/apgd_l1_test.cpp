// APGD under l1, beside the parts of its authors' program (fra31/auto-attack, a392200:
// autopgd_base.py), whose values are recorded here.
#include "analytic.hpp"
#include "apgd/sparse.hpp"
#include "apgd/windows.hpp"

#include <numeric>
#include <set>

using namespace spar::test;

namespace {

using Counts = std::vector<std::int64_t>;

Counts lengths(std::int64_t steps, bool larger) {
    Counts all;
    for (const apgd::Stage stage : apgd::stages(steps, larger)) all.push_back(stage.steps);
    return all;
}

/// Indices of the `count` largest magnitudes, by sorting.
std::vector<std::size_t> largest(const Floats &gradient, std::int64_t count) {
    std::vector<std::size_t> order(gradient.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t i) { return std::fabs(gradient[i]); });
    order.resize(static_cast<std::size_t>(count));
    return order;
}

}  // namespace

TEST_CASE("the radii of a run under l1: 3, 2 and 1 eps over 30, 30 and 40 % of the steps") {
    CHECK(lengths(100, true) == Counts{30, 30, 40});
    CHECK(lengths(10, true) == Counts{3, 3, 4});
    CHECK(lengths(25, true) == Counts{8, 8, 9});
    CHECK(lengths(4, true) == Counts{1, 1, 2});  // the program would leave none at eps
    CHECK(lengths(2, true) == Counts{0, 0, 2});
    CHECK(lengths(1, true) == Counts{0, 0, 1});
    CHECK(lengths(100, false) == Counts{0, 0, 100});
    apgd::Windows hundred = apgd::Windows::even(100), forty = apgd::Windows::even(40);
    CHECK(forty.step() == 1);
    for (const int window : {0, 0, 0, 4, 0, 0, 0, 4}) CHECK(hundred.step() == window);
}

TEST_CASE("sparsity and step size follow the authors' program") {
    // APGDAttack(n_iter=100, norm="L1", eps=12) on 200 values, with L0_norm answering `differing`
    // and L1_projection doing nothing: how many entries a step moved, and how far.
    const Counts differing{200, 196, 180, 179, 60, 60, 60, 60, 60, 60, 60, 60,
                           59,  58,  40,  39,  10, 9,  1,  1,  1,  0,  0,  5};
    const Counts moved{134, 131, 120, 120, 40, 40, 40, 40, 40, 40, 40, 40,
                       40,  39,  27,  26,  7,  6,  1,  1,  1,  1,  1,  4};
    const std::vector<double> step{8,    5.333, 12,  8,   12,    8,   5.333, 3.556,
                                   2.37, 1.58,  1.2, 1.2, 1.2,   1.2, 12,    8,
                                   12,   12,    12,  8,   5.333, 12,  8,     5.333};
    CHECK(apgd::moving(0.2F, 200) == 40);
    apgd::Progress p{.step = 12, .differing = 200, .moving = 40};
    for (std::size_t i = 0; i < differing.size(); ++i) {
        CAPTURE(i);
        apgd::sparser(p, differing[i], 200, 12);
        CHECK(p.moving == moved[i]);
        CHECK(p.step == doctest::Approx(step[i]).epsilon(1e-3));
    }
}

TEST_CASE("the projection on the l1 ball in the box is the authors'") {
    const Floats center{0, 1, 0.5F, 0.25F, 0.9F, 0.05F, 0.7F, 1};
    const Floats offset{0.8F, -0.6F, 0.3F, -0.5F, 0.4F, -0.3F, 0.01F, 0.7F};
    const std::vector<std::pair<double, Floats>> recorded{
        {1.0, {0.475F, 0.725F, 0.5F, 0.075F, 0.975F, 0.05F, 0.7F, 1}},
        {0.3, {0.25F, 0.95F, 0.5F, 0.25F, 0.9F, 0.05F, 0.7F, 1}},
        {5.0, {0.8F, 0.4F, 0.8F, 0, 1, 0, 0.71F, 1}}};
    for (const auto &[eps, expected] : recorded) {
        Floats x = center;
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += offset[i];
        spar::l1::project(center, x, eps, 0, 1);
        for (std::size_t i = 0; i < x.size(); ++i)
            CHECK(x[i] == doctest::Approx(expected[i]).epsilon(1e-6));
    }
}

TEST_CASE("apgd under l1 asks at the points that its definition gives") {
    const AnalyticModel model(40, 16, 5);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    for (const bool larger : {true, false}) {
        CAPTURE(larger);
        const Made attack(SPAR_KIND_ATTACK, std::string(R"({"type":"apgd","steps":60,)") +
                                                R"("larger_radii":")" + (larger ? "yes" : "no") +
                                                R"("})");
        Problem p = problem(model, 1, SPAR_NORM_L1, 0.9);
        p.purpose = SPAR_PURPOSE_TRAIN;  // otherwise it ends where the model errs
        AnalyticOracle oracle(model, p, &loss.instance().ref());
        const AnalyticOracle own(model, p, &loss.instance().ref());
        std::vector<Floats> asked;
        oracle.watch = [&](const spar_query &q) { asked.emplace_back(q.x, q.x + 40); };
        const Floats x_adv = run_attack(attack.instance().ref(), model, p, oracle);
        const auto ask = [&](const Floats &x, Floats &gradient) {
            float value = 0;
            spar_query q{};
            q.struct_size = sizeof q;
            q.count = 1;
            q.x = x.data();
            q.loss_values = &value;
            q.gradient = gradient.data();
            spar::checked([&](spar_error *e) { return own.table()->evaluate(own.table(), &q, e); });
            return double{value};
        };
        const auto differing = [&](const Floats &x) {
            double count = 0;
            for (std::size_t i = 0; i < x.size(); ++i) count += x[i] != p.x[i];
            return count;
        };

        // Croce and Hein 2021, section 4, as the authors run it, written out.
        Floats best;
        std::size_t query = 0;
        int returns = 0;
        const auto stage = [&](float radius, int steps) {
            spar::Ball ball(p.threat);
            ball.eps *= radius;
            const double eps = ball.eps;
            Floats x = asked.at(query), g(40), g_best(40);
            if (!best.empty()) {  // the best point of the larger ball, projected
                Floats begin = best;
                ball.project(p.x, begin);
                CHECK(begin == x);
            }
            CHECK(ball.distance(x, p.x) <= eps * (1 + 1e-5));
            double f_best = ask(x, g), step = eps, old = larger ? differing(x) : 40;
            double k = larger ? std::ceil(differing(x) / 1.5) : 2;  // training: 5 % of 40
            best = x;
            g_best = g;
            for (int i = 1; i <= steps; ++i) {
                Floats next = x;
                const auto chosen = largest(g, std::max<std::int64_t>(std::int64_t(k), 1));
                for (const std::size_t at : chosen)
                    next[at] += std::copysign(float(step / double(chosen.size())), g[at]);
                ball.project(p.x, next);
                x = asked.at(++query);
                for (std::size_t at = 0; at < 40; ++at) CHECK(std::fabs(next[at] - x[at]) < 1e-5);
                const double f = ask(x, g);
                if (f > f_best) {
                    f_best = f;
                    best = x;
                    g_best = g;
                }
                if (i % std::max(steps * 4 / 100, 1) != 0) continue;
                const double now = differing(best);
                if (now / old < 0.95) {
                    step = eps;
                    x = best;
                    g = g_best;
                    ++returns;
                } else {
                    step = std::max(step / 1.5, eps / 10);
                }
                old = now;
                k = std::ceil(now / 1.5);
            }
            ++query;
        };
        if (larger) {
            stage(3, 18);
            stage(2, 18);
            stage(1, 24);
        } else {
            stage(1, 60);
        }
        CHECK(query == asked.size());
        CHECK(returns > 0);
        CHECK(x_adv == best);
    }
}

TEST_CASE("under l1 runs follow one another, on what withstood and was right before") {
    const AnalyticModel model(40, 16, 12);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    const Made attack(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":20,"restarts":4})");
    Problem p = problem(model, 6, SPAR_NORM_L1, 1e-4);
    p.give_outputs = true;
    p.labels[2] = (p.labels[2] + 1) % 12;
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    const Floats x_adv = run_attack(attack.instance().ref(), model, p, oracle);
    CHECK(oracle.gradients == 5 * 4 * 23);
    CHECK(std::ranges::equal(example(x_adv, p, 2), example(p.x, p, 2)));
    CHECK(inside(p, x_adv));

    p.threat.eps = 2;
    Counts starts(6, 0);
    AnalyticOracle strong(model, p, &loss.instance().ref());
    strong.watch = [&](const spar_query &q) {
        for (std::int64_t i = 0; i < q.count; ++i)
            ++starts[static_cast<std::size_t>(q.rows != nullptr ? q.rows[i] : i)];
    };
    const Floats found = run_attack(attack.instance().ref(), model, p, strong);
    CHECK(fooled(model, p, found) >= 4);
    CHECK(std::ranges::count_if(starts, [](std::int64_t n) { return n > 0 && n <= 23; }) >= 3);
    CHECK(inside(p, found));
}

TEST_CASE("larger radii are refused where they mean nothing") {
    const AnalyticModel model(40, 16, 5);
    const Made attack(SPAR_KIND_ATTACK, R"({"type":"apgd","larger_radii":"yes"})");
    const Problem p = problem(model, 1, SPAR_NORM_L2, 0.5);
    const AnalyticOracle oracle(model, p, nullptr);
    CHECK_THROWS_WITH(run_attack(attack.instance().ref(), model, p, oracle),
                      doctest::Contains("another norm"));
}

TEST_CASE("every restart and every target of apgd starts at a point of its own") {
    const AnalyticModel model(40, 16, 6);
    const Made attack(SPAR_KIND_ATTACK, R"({"type":"apgd","steps":2,"restarts":2,"targets":3})");
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        const Problem p = problem(model, 1, norm, 1e-3);
        AnalyticOracle oracle(model, p, nullptr);
        std::set<Floats> starts;
        int asked = 0;
        oracle.watch = [&](const spar_query &q) {
            if (q.gradient == nullptr) return;
            const bool first = norm == SPAR_NORM_L1 ? asked % 3 == 0 : asked == 0;
            ++asked;
            for (std::int64_t i = 0; first && i < q.count; ++i)
                starts.emplace(q.x + i * 40, q.x + (i + 1) * 40);
        };
        run_attack(attack.instance().ref(), model, p, oracle);
        CHECK(starts.size() == 6);
    }
}
