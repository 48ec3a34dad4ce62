// Every attack under every norm: refused when a pipeline is checked, or inside the threat model
// whatever it meets, the same for an example whatever else is in the batch, and at home in its own
// memory.
#include "attack_bench.hpp"
#include "radii.hpp"

#include "engine/data.hpp"
#include "engine/fit.hpp"
#include "plan/threat_words.hpp"

#include <set>

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::int64_t count = 14;
// Of three channels, and of odd size, so that rows lie at every distance from an aligned address.
const std::vector<std::int64_t> shape{3, 1, 5};
const std::vector<std::int64_t> text_shape{5, 3};  // of as many values

const AnalyticModel &model() {
    static const AnalyticModel network(15, 12, 5, 3);
    return network;
}

constexpr Radii radii{.linf = 0.15, .l1 = 1.5, .l2 = 0.6, .l0 = 2};

Problem problem_of(spar_norm norm, spar_group group) {
    const bool text = group == SPAR_GROUP_TOKEN;
    const double eps = radii.of(norm) / (text ? 2 : 1);
    Problem p = problem(model(), count, norm, eps, text ? text_shape : shape);
    p.labels[3] = (p.labels[3] + 1) % 5;  // one that is misclassified already
    p.threat.group = group;
    return p;
}

/// Every norm that a pipeline can name, under l0 both things that are counted, and balls of tokens.
std::vector<Problem> problems() {
    std::vector<Problem> all;
    for (const auto &word : host::norm_words)
        all.push_back(problem_of(word.value, SPAR_GROUP_NONE));
    all.push_back(problem_of(SPAR_NORM_L0, SPAR_GROUP_PIXEL));
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1})
        all.push_back(problem_of(norm, SPAR_GROUP_TOKEN));
    return all;
}

/// Whether `spar check` lets the attack pass under this threat.
bool fits(const host::Instance &attack, const spar_threat &threat) {
    try {
        host::require_fit(attack, threat);
        return true;
    } catch (const host::Failure &failure) {
        CHECK(failure.exit() == host::Exit::pipeline);
        return false;
    }
}

/// For these see text_attack_test.cpp.
bool edits_words(const host::Instance &attack) {
    spar_threat threat = problem_of(SPAR_NORM_L0, SPAR_GROUP_NONE).threat;
    threat.space = SPAR_SPACE_TOKENS;
    threat.group = SPAR_GROUP_WORD;
    return fits(attack, threat);
}

/// Attacks that are defined over the whole batch, and say so.
const std::set<std::string> over_the_batch = {"fgm_batch"};

/// Runs visit(instance, problem) for every attack in every norm that it takes.
template <class Visit>
void in_every_norm(Visit &&visit) {
    for (const Sample &sample : samples(SPAR_KIND_ATTACK)) {
        INFO(sample.name());
        const Made made = sample.make();
        int norms = 0;
        for (const Problem &p : problems()) {
            CAPTURE(p.threat.norm);
            CAPTURE(p.threat.group);
            const Attacked result = attack(made.instance(), model(), p);
            CHECK((result.status == SPAR_OK) == fits(made.instance(), p.threat));
            if (result.status == SPAR_OK) {
                ++norms;
                visit(made.instance(), p);
                continue;
            }
            INFO(result.message);
            CHECK((result.status == SPAR_E_UNSUPPORTED || result.status == SPAR_E_INVALID));
            CHECK(result.message.size() > 10);
        }
        CHECK((norms > 0 || edits_words(made.instance())));
    }
}

}  // namespace

TEST_CASE("stays inside ball and box, and gives the same result each time") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        const Attacked first = attack(instance, model(), p);
        CHECK(inside(p, first.x_adv));
        CHECK((attack(instance, model(), p).x_adv == first.x_adv));
        Problem training = p;
        training.purpose = SPAR_PURPOSE_TRAIN;
        CHECK(inside(p, attack(instance, model(), training).x_adv));
    });
}

TEST_CASE("an example's result does not depend on the rest of the batch") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        if (over_the_batch.count(instance.type()) != 0) return;
        const Floats whole = attack(instance, model(), p).x_adv;
        for (const std::int64_t split : {1, 7}) {
            CAPTURE(split);
            Floats parts;
            for (std::int64_t begin = 0; begin < count; begin += split) {
                const Floats part =
                    attack(instance, model(), slice(p, begin, std::min(count, begin + split)))
                        .x_adv;
                parts.insert(parts.end(), part.begin(), part.end());
            }
            CHECK((parts == whole));
        }
        auto order = host::index_range(0, count);
        host::shuffle(order, 3);
        const Problem other = permuted(p, order);
        const Floats x = attack(instance, model(), other).x_adv;
        for (std::int64_t i = 0; i < count; ++i)
            CHECK(std::ranges::equal(example(x, p, i),
                                     example(whole, p, order[static_cast<std::size_t>(i)])));
    });
}

TEST_CASE("in a ball of radius zero nothing moves") {
    in_every_norm([](const host::Instance &instance, Problem p) {
        p.threat.eps = 0;
        const Attacked result = attack(instance, model(), p);
        CHECK(result.status == SPAR_OK);
        CHECK((result.x_adv == p.x));
    });
}

TEST_CASE("a targeted goal keeps inside as well") {
    in_every_norm([](const host::Instance &instance, Problem p) {
        for (const std::int64_t label : p.labels) p.targets.push_back((label + 1) % 5);
        p.threat.targeted = 1;
        const Attacked result = attack(instance, model(), p);
        CHECK(inside(p, result.x_adv));
        if (result.status != SPAR_OK) CHECK(result.message.size() > 10);
    });
}

TEST_CASE("gradients and outputs that are NaN, or all zero, do no harm") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        for (const Fault fault : {Fault::nan_gradient, Fault::zero_gradient, Fault::nan_outputs}) {
            CAPTURE(static_cast<int>(fault));
            const Attacked result = attack(instance, model(), p, {.fault = fault});
            CHECK(inside(p, result.x_adv));
            if (result.status != SPAR_OK) CHECK(result.message.size() > 10);
        }
    });
}

TEST_CASE("a failure of the oracle at any call is passed on, and x_adv is still inside") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        for (const std::int64_t at : {0, 1, 2, 5, 11}) {
            CAPTURE(at);
            const Attacked result =
                attack(instance, model(), p, {Fault::none, at, SPAR_E_INTERNAL});
            if (result.calls <= at) {
                CHECK(result.status == SPAR_OK);
            } else {
                CHECK(result.status == SPAR_E_INTERNAL);
                CHECK(result.message == "planted by the test");
            }
            CHECK(inside(p, result.x_adv));
        }
    });
}

TEST_CASE("cancelled or out of queries, it ends with the best so far") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        for (const spar_status status : {SPAR_E_CANCELLED, SPAR_E_BUDGET})
            for (const std::int64_t at : {0, 1, 4}) {
                CAPTURE(status);
                CAPTURE(at);
                const Attacked result = attack(instance, model(), p, {Fault::none, at, status});
                CHECK((result.status == SPAR_OK || result.status == status));
                CHECK(inside(p, result.x_adv));
                CHECK(result.calls <= at + 2);
            }
    });
}

TEST_CASE("without examples there is nothing to do") {
    in_every_norm([](const host::Instance &instance, const Problem &p) {
        const Attacked result = attack(instance, model(), slice(p, 0, 0));
        CHECK(result.status == SPAR_OK);
    });
}
