// What every attack owes: to stay inside, to end, and to give an example the same result in any
// batch.
#include "attack_list.hpp"
#include "radii.hpp"

using namespace spar::test;

namespace {

struct Fixture {
    AnalyticModel model{48, 20, 6};
    Made loss{SPAR_KIND_LOSS, R"({"type":"cross_entropy"})"};

    Problem make(spar_norm norm, double eps, std::int64_t count) const {
        return problem(model, count, norm, eps, {3, 4, 4});
    }
    Floats run(const AttackCase &c, const Problem &p, Fault fault = Fault::none) const {
        const Made attack(SPAR_KIND_ATTACK, c.node);
        const AnalyticOracle oracle(model, p, &loss.instance().ref(), fault);
        return run_attack(attack.instance().ref(), model, p, oracle);
    }
};

constexpr Radii radii{.linf = 0.06, .l1 = 2, .l2 = 0.4, .l0 = 4};

template <class Body>
void for_all(Body &&body) {
    for (const AttackCase &c : attack_cases())
        for (const spar_norm norm : c.norms) {
            CAPTURE(c.node);
            CAPTURE(norm);
            body(c, norm);
        }
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every attack stays inside ball and box") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        for (const double factor : {0.01, 1.0, 20.0}) {
            const Problem p = make(norm, factor * radii.of(norm), 6);
            CHECK(inside(p, run(c, p)));
        }
    });
}

TEST_CASE_FIXTURE(Fixture,
                  "what is proposed is inside at every query, also when the run is stopped") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        const Problem p = make(norm, radii.of(norm), 5);
        const Made attack(SPAR_KIND_ATTACK, c.node);
        for (const std::int64_t answers : {-1, 0, 1, 4, 9}) {
            AnalyticOracle oracle(model, p, &loss.instance().ref());
            oracle.answers = answers;
            Floats x_adv;
            oracle.watch = [&](const spar_query &) { CHECK(inside(p, x_adv)); };
            try {
                run_attack(attack.instance().ref(), model, p, oracle, x_adv);
            } catch (const spar::Error &stopped) {
                CHECK(stopped.code() == SPAR_E_CANCELLED);
                CHECK(answers >= 0);
            }
            CHECK(inside(p, x_adv));
        }
    });
}

TEST_CASE_FIXTURE(Fixture, "with eps 0 nothing moves") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        const Problem p = make(norm, 0, 4);
        CHECK(run(c, p) == p.x);
    });
}

TEST_CASE_FIXTURE(Fixture, "every attack ends, inside, when gradients or outputs are of no use") {
    for (const Fault fault : {Fault::nan_gradient, Fault::zero_gradient, Fault::nan_outputs})
        for_all([&](const AttackCase &c, spar_norm norm) {
            const Problem p = make(norm, radii.of(norm), 4);
            CHECK(inside(p, run(c, p, fault)));
        });
}

TEST_CASE_FIXTURE(Fixture, "an example's result does not depend on its batch") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        if (!c.per_example) return;
        for (const bool targeted : {false, true}) {
            if (targeted && !c.targeted) continue;
            Problem p = make(norm, radii.of(norm), 7);
            for (std::int64_t i = 0; targeted && i < p.count; ++i)
                p.targets.push_back((p.labels[static_cast<std::size_t>(i)] + 1 + i % 3) % 6);
            const Floats whole = run(c, p);
            Floats parts;
            for (const auto &[begin, end] : {std::pair{0, 1}, {1, 4}, {4, 7}}) {
                const Floats part = run(c, slice(p, begin, end));
                parts.insert(parts.end(), part.begin(), part.end());
            }
            CHECK(whole == parts);
        }
    });
}

TEST_CASE_FIXTURE(Fixture, "a second call gives the same as the first, also after a larger batch") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        const Problem p = make(norm, radii.of(norm), 3), large = make(norm, radii.of(norm), 5);
        const Made attack(SPAR_KIND_ATTACK, c.node);
        const AnalyticOracle oracle(model, p, &loss.instance().ref());
        const AnalyticOracle wide(model, large, &loss.instance().ref());
        const Floats first = run_attack(attack.instance().ref(), model, p, oracle);
        run_attack(attack.instance().ref(), model, large, wide);
        CHECK(run_attack(attack.instance().ref(), model, p, oracle) == first);
    });
}

TEST_CASE_FIXTURE(Fixture,
                  "towards a target, every attack brings it nearer to the best other class") {
    const auto lead = [&](const Problem &p, const Floats &x) {
        double total = 0;
        Floats outputs(6);
        for (std::int64_t i = 0; i < p.count; ++i) {
            model.forward(example(x, p, i), outputs);
            const std::int64_t target = p.targets[static_cast<std::size_t>(i)];
            const float best =
                outputs[static_cast<std::size_t>(spar::argmax_except(outputs, target))];
            total += double{outputs[static_cast<std::size_t>(target)]} - best;
        }
        return total / double(p.count);
    };
    for_all([&](const AttackCase &c, spar_norm norm) {
        if (c.node.find("noise\"") != std::string::npos) return;
        Problem p = make(norm, radii.of(norm), 20);
        for (std::int64_t i = 0; i < p.count; ++i)
            p.targets.push_back((p.labels[static_cast<std::size_t>(i)] + 1 + i % 3) % 6);
        CHECK(lead(p, run(c, p)) > lead(p, p.x));
    });
}

TEST_CASE_FIXTURE(Fixture, "every attack fools more than noise does, targeted too") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        if (!c.strong) return;
        const AttackCase noise{.node = R"({"type":"noise"})"};
        const Problem p = make(norm, 1.5 * radii.of(norm), 40);
        CHECK(fooled(model, p, run(c, p)) > fooled(model, p, run(noise, p)) + 5);
        if (!c.targeted) return;
        Problem aimed = make(norm, 3 * radii.of(norm), 40);
        for (std::int64_t i = 0; i < aimed.count; ++i)
            aimed.targets.push_back((aimed.labels[static_cast<std::size_t>(i)] + 1 + i % 3) % 6);
        CHECK(fooled(model, aimed, run(c, aimed)) > fooled(model, aimed, run(noise, aimed)) + 2);
    });
}

TEST_CASE_FIXTURE(Fixture, "an empty batch is no trouble") {
    for_all([&](const AttackCase &c, spar_norm norm) {
        const Problem p = slice(make(norm, radii.of(norm), 2), 0, 0);
        CHECK(run(c, p).empty());
    });
}
