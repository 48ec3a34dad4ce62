#include "analytic.hpp"

#include <spar/kit/hyperplane.hpp>

#include <numeric>

using namespace spar::test;

namespace {

double length(spar_norm norm, const std::vector<double> &d) {
    double linf = 0, l2 = 0, l1 = 0;
    for (const double v : d) {
        linf = std::max(linf, std::fabs(v));
        l2 += v * v;
        l1 += std::fabs(v);
    }
    return norm == SPAR_NORM_LINF ? linf : norm == SPAR_NORM_L2 ? std::sqrt(l2) : l1;
}

/// The shortest move by trying, for all coordinates, every choice of which are stuck at their wall,
/// which do not move and which move freely: the conditions of Karush, Kuhn and Tucker by brute
/// force.
double brute(spar_norm norm, const Floats &t, const Floats &w, double need) {
    const std::size_t n = t.size();
    double best = 1e18;
    const double s = need < 0 ? -1 : 1;
    std::vector<double> room(n), weight(n);
    for (std::size_t i = 0; i < n; ++i) {
        weight[i] = std::fabs(double{w[i]});
        room[i] = s * w[i] > 0 ? 1.0 - t[i] : double{t[i]};
    }
    std::size_t choices = 1;
    for (std::size_t i = 0; i < n; ++i) choices *= 3;
    for (std::size_t choice = 0; choice < choices; ++choice) {
        std::vector<double> d(n, 0.0);
        double missing = std::fabs(need), slope = 0;
        std::size_t rest = choice;
        std::vector<std::size_t> free;
        for (std::size_t i = 0; i < n; ++i, rest /= 3) {
            if (rest % 3 == 1) d[i] = room[i];
            if (rest % 3 == 2) free.push_back(i);
            missing -= weight[i] * d[i];
        }
        if (norm == SPAR_NORM_L1 && free.size() > 1) continue;  // a corner has one at most
        for (const std::size_t i : free)
            slope += weight[i] * (norm == SPAR_NORM_L2 ? weight[i] : 1.0);
        if (free.empty() && std::fabs(missing) > 1e-9) continue;
        for (const std::size_t i : free)
            d[i] = missing / slope * (norm == SPAR_NORM_L2 ? weight[i] : 1.0);
        bool good = true;
        for (std::size_t i = 0; i < n; ++i) good = good && d[i] >= -1e-9 && d[i] <= room[i] + 1e-9;
        if (good) best = std::min(best, length(norm, d));
    }
    return best;
}

}  // namespace

TEST_CASE("fab's projection is the shortest move to the hyperplane inside the box") {
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        CAPTURE(norm);
        int reachable = 0;
        for (std::uint64_t key = 0; key < 300; ++key) {
            constexpr std::size_t n = 5;
            const Floats t = uniform_values(key, n, 0, 1), w = uniform_values(key + 1, n, -1, 1);
            const double need = uniform_values(key + 2, 1, -2.5F, 2.5F)[0];
            spar_threat threat{};
            threat.norm = norm;
            threat.upper = 1;
            const spar::Ball ball(threat);
            Floats move(n);
            spar::cross({ball, t, w, need}, move);
            double most = 0, gained = 0;
            std::vector<double> d(move.begin(), move.end());
            for (std::size_t i = 0; i < n; ++i) {
                CHECK(t[i] + d[i] >= -1e-6);
                CHECK(t[i] + d[i] <= 1 + 1e-6);
                gained += double{w[i]} * d[i];
                most += std::fabs(double{w[i]}) * (need * w[i] > 0 ? 1.0 - t[i] : double{t[i]});
            }
            if (most < std::fabs(need)) {
                CHECK(std::fabs(gained) == doctest::Approx(most).epsilon(1e-5));
                continue;
            }
            ++reachable;
            CHECK(gained == doctest::Approx(need).epsilon(1e-5));
            CHECK(length(norm, d) == doctest::Approx(brute(norm, t, w, need)).epsilon(1e-5));
        }
        CHECK(reachable > 100);
    }
}

TEST_CASE("on a linear model fab finds the distance to the nearest boundary") {
    const AnalyticModel model(20, 0, 4);
    const Made fab(SPAR_KIND_ATTACK, R"({"type":"fab","steps":60,"minimise":true})");
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2}) {
        Problem p = problem(model, 12, norm, 50);
        p.threat.lower = -100;
        p.threat.upper = 100;
        const AnalyticOracle oracle(model, p, nullptr);
        const Floats x_adv = run_attack(fab.instance().ref(), model, p, oracle);
        CHECK(fooled(model, p, x_adv) == p.count);
        const spar::Ball ball(p.threat);
        for (std::int64_t row = 0; row < p.count; ++row) {
            Floats z(4);
            model.forward(example(p.x, p, row), z);
            const auto own = static_cast<std::size_t>(p.labels[static_cast<std::size_t>(row)]);
            double least = 1e9;
            for (std::size_t c = 0; c < 4; ++c) {
                if (c == own) continue;
                double dual = 0;
                for (std::size_t i = 0; i < 20; ++i) {
                    const double w = model.w1[c * 20 + i] - model.w1[own * 20 + i];
                    dual += norm == SPAR_NORM_L2 ? w * w : std::fabs(w);
                }
                if (norm == SPAR_NORM_L2) dual = std::sqrt(dual);
                least = std::min(least, (z[own] - z[c]) / dual);
            }
            const double found = ball.distance(example(p.x, p, row), example(x_adv, p, row));
            CHECK(found >= least * (1 - 1e-4));
            CHECK(found <= least * 1.02);
        }
    }
}
