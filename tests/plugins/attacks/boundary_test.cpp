// At the decision boundary of images that lie on the box's walls: what an attack reaches holds in
// double, and the box does not keep it from getting there.
#include "attack_list.hpp"

using namespace spar::test;

namespace {

/// Images of which most values are exactly 0 or 1.
Problem walled(const AnalyticModel &model, std::int64_t count, spar_norm norm, double eps) {
    Problem p = problem(model, count, norm, eps, {3, 4, 4});
    for (float &value : p.x) value = value < 0.4F ? 0.0F : value > 0.6F ? 1.0F : value;
    for (std::int64_t row = 0; row < count; ++row)
        p.labels[static_cast<std::size_t>(row)] = spar::argmax(outputs_at(model, p, p.x, row));
    return p;
}

struct Claims {
    std::int64_t claimed = 0, hold = 0;
};

/// What the host would count, and what of it holds without rounding.
Claims claims(const AnalyticModel &model, const Problem &p, const Floats &x_adv) {
    Claims found;
    const bool targeted = !p.targets.empty();
    for (std::int64_t row = 0; row < p.count; ++row) {
        const auto own = (targeted ? p.targets : p.labels)[static_cast<std::size_t>(row)];
        if (spar::verdict(outputs_at(model, p, x_adv, row), own, targeted) !=
            spar::Verdict::reached)
            continue;
        ++found.claimed;
        const auto exact = model.exact(example(x_adv, p, row));
        const auto best = std::ranges::max_element(exact) - exact.begin();
        if ((best == own) == targeted) ++found.hold;
    }
    return found;
}

Claims run(const AnalyticModel &model, const Problem &p, const std::string &node) {
    const Made attack(SPAR_KIND_ATTACK, node);
    const Made loss(SPAR_KIND_LOSS, R"({"type":"cross_entropy"})");
    const AnalyticOracle oracle(model, p, &loss.instance().ref());
    return claims(model, p, run_attack(attack.instance().ref(), model, p, oracle));
}

/// The length of the shortest move in the box [0, 1] that closes a gap between two classes of a
/// linear model: every coordinate moves as far as an amount, found by bisection, allows.
double shortest(const AnalyticModel &model, const Problem &p, std::int64_t row) {
    const auto x = example(p.x, p, row);
    const auto z = model.exact(x);
    const bool first = z[0] > z[1];
    std::vector<double> weight(x.size()), room(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double w = (model.w1[i] - model.w1[x.size() + i]) * (first ? -1 : 1);
        weight[i] = std::fabs(w);
        room[i] = w > 0 ? 1.0 - x[i] : double{x[i]};
    }
    const double need = std::fabs(z[0] - z[1]);
    const spar_norm norm = p.threat.norm;
    const auto moved = [&](std::size_t i, double amount) {
        if (norm == SPAR_NORM_L1) return weight[i] > 1 / amount ? room[i] : 0.0;
        return std::min(room[i], norm == SPAR_NORM_L2 ? amount * weight[i] : amount);
    };
    const auto total = [&](double amount, auto &&term) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += term(i, moved(i, amount));
        return sum;
    };
    const auto gain = [&](std::size_t i, double d) { return weight[i] * d; };
    double low = 1e-9, high = 1e9;
    for (int round = 0; round < 300; ++round) {
        const double middle = std::sqrt(low * high);
        (total(middle, gain) < need ? low : high) = middle;
    }
    if (norm == SPAR_NORM_LINF) return high;
    if (norm == SPAR_NORM_L2)
        return std::sqrt(total(high, [](std::size_t, double d) { return d * d; }));
    // The coordinate that comes last goes only as far as is needed.
    return total(low, [](std::size_t, double d) { return d; }) + (need - total(low, gain)) * high;
}

}  // namespace

TEST_CASE("what any attack reaches on images at the walls holds in double") {
    AnalyticModel model(48, 20, 6);
    model.single = true;
    for (const AttackCase &c : attack_cases())
        for (const spar_norm norm : c.norms)
            for (const bool targeted : {false, true}) {
                CAPTURE(c.node);
                CAPTURE(norm);
                CAPTURE(targeted);
                const double base = norm == SPAR_NORM_LINF ? 0.1 : norm == SPAR_NORM_L2 ? 0.6 : 3.0;
                Claims all;
                for (const double eps : {base, 1000 * base}) {
                    Problem p = walled(model, 12, norm, eps);
                    p.labels[0] = (p.labels[0] + 1) % 6;  // one that is wrong before
                    for (std::int64_t i = 0; targeted && i < p.count; ++i)
                        p.targets.push_back((p.labels[static_cast<std::size_t>(i)] + 1 + i % 3) %
                                            6);
                    const Claims found = run(model, p, c.node);
                    all.claimed += found.claimed;
                    all.hold += found.hold;
                }
                CHECK(all.hold == all.claimed);
                if (c.strong && (c.targeted || !targeted)) CHECK(all.claimed >= 4);
            }
}

TEST_CASE("minimum-norm attacks reach every example of which the walls stop a part of the way") {
    AnalyticModel model(48, 20, 6);
    model.single = true;
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1})
        for (const std::string node :
             {R"({"type":"deepfool"})", R"({"type":"deepfool","overshoot":0})", R"({"type":"fab"})",
              R"({"type":"fab","eta":1})"}) {
            CAPTURE(node);
            CAPTURE(norm);
            const Claims found = run(model, walled(model, 40, norm, 1e4), node);
            CHECK(found.claimed == 40);
            CHECK(found.hold == 40);
        }
}

TEST_CASE("deepfool takes the shortest way inside the box to a plane") {
    const AnalyticModel model(48, 0, 2);
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        CAPTURE(norm);
        const Problem p = walled(model, 20, norm, 1e4);
        const Made deepfool(SPAR_KIND_ATTACK, R"({"type":"deepfool"})");
        const AnalyticOracle oracle(model, p, nullptr);
        const Floats x_adv = run_attack(deepfool.instance().ref(), model, p, oracle);
        CHECK(fooled(model, p, x_adv) == p.count);
        for (std::int64_t row = 0; row < p.count; ++row) {
            const double found =
                spar::Ball(p.threat).distance(example(p.x, p, row), example(x_adv, p, row));
            CHECK(found >= shortest(model, p, row));
            CHECK(found <= shortest(model, p, row) * 1.0201 + 1e-4);
        }
    }
}
