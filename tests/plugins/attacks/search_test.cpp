// deepfool, cw, square, spsa and auto_attack where the result is known.
#include "analytic.hpp"
#include "square/image.hpp"
#include "square/schedule.hpp"

using namespace spar::test;

namespace {

/// Distance of an example to the boundary of a linear model with two outputs.
double to_boundary(const AnalyticModel &model, const Problem &p, std::int64_t row) {
    Floats z(2);
    model.forward(example(p.x, p, row), z);
    double squares = 0;
    const auto n = static_cast<std::size_t>(p.size());
    for (std::size_t i = 0; i < n; ++i)
        squares += (model.w1[i] - model.w1[n + i]) * (model.w1[i] - model.w1[n + i]);
    return std::fabs(double{z[0]} - z[1]) / std::sqrt(squares);
}

Problem wide(const AnalyticModel &model, std::int64_t count, double eps) {
    Problem p = problem(model, count, SPAR_NORM_L2, eps);
    p.threat.lower = -100;
    p.threat.upper = 100;
    return p;
}

}  // namespace

TEST_CASE("deepfool crosses a linear boundary in one step, by the overshoot") {
    const AnalyticModel model(20, 0, 2);
    const Problem p = wide(model, 10, 50);
    const Made deepfool(SPAR_KIND_ATTACK, R"({"type":"deepfool","overshoot":0.02})");
    const AnalyticOracle oracle(model, p, nullptr);
    const Floats x_adv = run_attack(deepfool.instance().ref(), model, p, oracle);
    CHECK(fooled(model, p, x_adv) == 10);
    CHECK(oracle.gradients == 10);
    CHECK(oracle.forwards == 20);
    for (std::int64_t row = 0; row < 10; ++row)
        CHECK(spar::Ball(p.threat).distance(example(p.x, p, row), example(x_adv, p, row)) ==
              doctest::Approx(1.02 * to_boundary(model, p, row)).epsilon(1e-4));
}

TEST_CASE("cw finds the boundary of a linear model, where the closed form puts it") {
    const AnalyticModel model(20, 0, 2);
    Problem p = wide(model, 6, 50);
    p.threat.lower = -3;
    p.threat.upper = 4;
    const Made cw(SPAR_KIND_ATTACK,
                  R"({"type":"cw","steps":400,"search_steps":9,"rate":0.01,"constant":0.1})");
    const AnalyticOracle oracle(model, p, nullptr);
    const Floats x_adv = run_attack(cw.instance().ref(), model, p, oracle);
    CHECK(fooled(model, p, x_adv) == 6);
    for (std::int64_t row = 0; row < 6; ++row) {
        const double found =
            spar::Ball(p.threat).distance(example(p.x, p, row), example(x_adv, p, row));
        CHECK(found >= to_boundary(model, p, row));
        CHECK(found <= to_boundary(model, p, row) * 1.05);
    }
}

TEST_CASE("cw moves pixels that are exactly black or white") {
    const AnalyticModel model(20, 0, 2);
    Problem p = problem(model, 8, SPAR_NORM_L2, 5);
    for (float &value : p.x) value = value < 0.5F ? 0.0F : 1.0F;
    Floats z(2);
    for (std::int64_t row = 0; row < p.count; ++row) {
        model.forward(example(p.x, p, row), z);
        p.labels[static_cast<std::size_t>(row)] = spar::argmax(z);
    }
    const Made cw(SPAR_KIND_ATTACK,
                  R"({"type":"cw","steps":300,"search_steps":6,"rate":0.05,"constant":0.1})");
    const AnalyticOracle oracle(model, p, nullptr);
    CHECK(fooled(model, p, run_attack(cw.instance().ref(), model, p, oracle)) >= 6);
}

TEST_CASE("cw leaves the walls of the box in few steps too") {
    const AnalyticModel model(20, 0, 2);
    Problem p = problem(model, 8, SPAR_NORM_L2, 5);
    for (float &value : p.x) value = value < 0.5F ? 0.0F : 1.0F;
    for (std::int64_t row = 0; row < p.count; ++row)
        p.labels[static_cast<std::size_t>(row)] = spar::argmax(outputs_at(model, p, p.x, row));
    for (const char *node :
         {R"({"type":"cw","steps":100})", R"({"type":"cw","steps":200})", R"({"type":"cw"})"}) {
        CAPTURE(node);
        const Made cw(SPAR_KIND_ATTACK, node);
        const AnalyticOracle oracle(model, p, nullptr);
        CHECK(fooled(model, p, run_attack(cw.instance().ref(), model, p, oracle)) == p.count);
    }
}

TEST_CASE("cw is the same in boxes of any width") {
    const AnalyticModel model(20, 12, 4);
    AnalyticModel wide_model = model;
    for (double &weight : wide_model.w1) weight /= 255;
    const Problem p = problem(model, 8, SPAR_NORM_L2, 5);
    Problem wide = p;
    wide.threat.eps *= 255;
    wide.threat.upper = 255;
    for (float &value : wide.x) value *= 255;
    const Made cw(SPAR_KIND_ATTACK, R"({"type":"cw","steps":300})");
    const AnalyticOracle oracle(model, p, nullptr), wide_oracle(wide_model, wide, nullptr);
    const Floats narrow_found = run_attack(cw.instance().ref(), model, p, oracle);
    const Floats wide_found = run_attack(cw.instance().ref(), wide_model, wide, wide_oracle);
    CHECK(fooled(model, p, narrow_found) == p.count);
    CHECK(fooled(wide_model, wide, wide_found) == p.count);
    const spar::Ball ball(p.threat);
    for (std::int64_t row = 0; row < p.count; ++row)
        CHECK(ball.distance(example(wide.x, wide, row), example(wide_found, wide, row)) / 255 ==
              doctest::Approx(ball.distance(example(p.x, p, row), example(narrow_found, p, row)))
                  .epsilon(0.01));
}

TEST_CASE("cw says what to do under another norm") {
    const AnalyticModel model(20, 0, 2);
    const Problem p = problem(model, 2, SPAR_NORM_LINF, 0.1);
    const Made cw(SPAR_KIND_ATTACK, R"({"type":"cw"})");
    const AnalyticOracle oracle(model, p, nullptr);
    CHECK_THROWS_WITH_AS(run_attack(cw.instance().ref(), model, p, oracle),
                         doctest::Contains("pgd with the loss margin"), spar::Error);
}

TEST_CASE("square's sides on 28x28 with p 0.8, without rescaling") {
    const auto side = [](std::int64_t iteration) {
        return square::side(square::share(0.8, iteration), 784);
    };
    const std::pair<std::int64_t, std::int64_t> last[] = {
        {10, 25}, {50, 18}, {200, 13}, {500, 9}, {1000, 6}, {2000, 4}, {4000, 3}, {4999, 2}};
    std::int64_t from = 0;
    for (const auto &[to, expected] : last)
        for (; from <= to; ++from) REQUIRE(side(from) == expected);
}

TEST_CASE("square's hills: two halves of opposite sign and equal weight, of norm 1") {
    for (const spar_norm norm : {SPAR_NORM_L2, SPAR_NORM_L1})
        for (const bool lying : {false, true})
            for (const std::int64_t side : {3, 5, 7}) {
                const square::Hills hills(side, side, lying, norm);
                double total = 0, first = 0;
                for (std::int64_t y = 0; y < side; ++y)
                    for (std::int64_t x = 0; x < side; ++x) {
                        const double v = hills.at(y, x);
                        const double m = norm == SPAR_NORM_L2 ? v * v : std::fabs(v);
                        total += m;
                        const bool before = (lying ? x : y) < side / 2;
                        CHECK((v > 0) == before);
                        if (before) first += m;
                    }
                CHECK(total == doctest::Approx(1));
                CHECK(first == doctest::Approx(0.5));
            }
}

TEST_CASE("under l1 square's tiles are projected, as the authors' program does, not scaled") {
    const AnalyticModel model(3 * 15 * 15, 16, 5);
    const Made attack(SPAR_KIND_ATTACK, R"({"type":"square","queries":1})");
    Problem p = problem(model, 1, SPAR_NORM_L1, 12, {3, 15, 15});
    p.threat.lower = -100;  // nothing is clipped
    p.threat.upper = 100;
    AnalyticOracle oracle(model, p, nullptr);
    Floats start;
    oracle.watch = [&](const spar_query &q) { start.assign(q.x, q.x + 3 * 15 * 15); };
    run_attack(attack.instance().ref(), model, p, oracle);
    REQUIRE(!start.empty());

    // 75 tiles of mass 1 become mass 12: all magnitudes fall by one t, not below 0.
    const square::Hills hills(3, 3, false, SPAR_NORM_L1);
    std::vector<double> raw;
    for (std::int64_t y = 0; y < 3; ++y)
        for (std::int64_t x = 0; x < 3; ++x) raw.push_back(std::fabs(hills.at(y, x)));
    std::ranges::sort(raw);
    const auto rest = [&](double t) {
        double sum = 0;
        for (const double m : raw) sum += std::max(m - t, 0.0);
        return 75 * sum;
    };
    double low = 0, high = 1;
    for (int round = 0; round < 60; ++round)
        (rest((low + high) / 2) > 12 ? low : high) = (low + high) / 2;
    CHECK(low > raw[0]);  // some become 0
    for (std::size_t c = 0; c < 3; ++c) {
        std::vector<double> tile;
        for (std::size_t y = 3; y < 6; ++y)
            for (std::size_t x = 6; x < 9; ++x) {
                const std::size_t at = (c * 15 + y) * 15 + x;
                tile.push_back(std::fabs(double{start[at]} - p.x[at]));
            }
        std::ranges::sort(tile);
        for (std::size_t i = 0; i < 9; ++i)
            CHECK(tile[i] == doctest::Approx(std::max(raw[i] - low, 0.0)).epsilon(1e-4));
    }
}

TEST_CASE("square asks for outputs only, once a step, and finds what is easy to find") {
    const AnalyticModel model(48, 0, 4);
    for (const auto &[norm, eps] :
         {std::pair{SPAR_NORM_LINF, 0.2}, {SPAR_NORM_L2, 1.5}, {SPAR_NORM_L1, 8.0}}) {
        Problem p = problem(model, 30, norm, eps, {3, 4, 4});
        const Made square(SPAR_KIND_ATTACK, R"({"type":"square","queries":300})");
        const AnalyticOracle oracle(model, p, nullptr);
        const Floats x_adv = run_attack(square.instance().ref(), model, p, oracle);
        CHECK(oracle.gradients == 0);
        CHECK(oracle.forwards <= 30 * 300);
        CHECK(inside(p, x_adv));
        CHECK(fooled(model, p, x_adv) >= 15);
    }
}

TEST_CASE("spsa climbs without gradients") {
    const AnalyticModel model(30, 12, 4);
    const Problem p = problem(model, 20, SPAR_NORM_LINF, 0.1);
    const Made spsa(SPAR_KIND_ATTACK, R"({"type":"spsa","steps":15,"samples":64,"rate":0.03})");
    const Made pgd(SPAR_KIND_ATTACK, R"({"type":"pgd","steps":15,"loss":{"type":"margin"}})");
    const AnalyticOracle black(model, p, nullptr), white(model, p, nullptr);
    const auto by_outputs = fooled(model, p, run_attack(spsa.instance().ref(), model, p, black));
    const auto by_gradient = fooled(model, p, run_attack(pgd.instance().ref(), model, p, white));
    CHECK(black.gradients == 0);
    CHECK(by_gradient >= by_outputs);
    CHECK(by_outputs >= by_gradient - 3);
}

TEST_CASE("auto_attack hands on only what withstood, and keeps all that was found") {
    const AnalyticModel model(48, 16, 6);
    const Problem p = problem(model, 40, SPAR_NORM_LINF, 0.04, {3, 4, 4});
    const std::string first = R"({"type":"apgd","steps":5,"loss":{"type":"cross_entropy"}})";
    const std::string second = R"({"type":"square","queries":20})";
    const auto run = [&](const std::string &node, AnalyticOracle &oracle) {
        const Made made(SPAR_KIND_ATTACK, node);
        return run_attack(made.instance().ref(), model, p, oracle);
    };
    AnalyticOracle alone(model, p, nullptr), both(model, p, nullptr);
    const auto one =
        fooled(model, p, run(R"({"type":"auto_attack","attacks":[)" + first + "]}", alone));
    std::vector<std::int64_t> asked;
    both.watch = [&](const spar_query &q) {
        if (q.gradient == nullptr && q.rows != nullptr)
            asked.insert(asked.end(), q.rows, q.rows + q.count);
    };
    const auto two = fooled(
        model, p, run(R"({"type":"auto_attack","attacks":[)" + first + "," + second + "]}", both));
    CHECK(two >= one);
    CHECK(one > 0);
    CHECK(one < 40);
    std::ranges::sort(asked);
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    CHECK(both.forwards - alone.forwards <= (40 - one) * 21);
    CHECK(both.gradients == alone.gradients);
}
