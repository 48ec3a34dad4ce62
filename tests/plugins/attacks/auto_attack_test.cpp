// auto_attack: its standard versions, and what it says of its stages.
#include "analytic.hpp"

using namespace spar::test;

namespace {

using Stages = std::vector<std::pair<std::string, std::int64_t>>;

constexpr const char *quick = R"({"type":"auto_attack","attacks":[
 {"type":"apgd","steps":5,"loss":{"type":"cross_entropy"}},{"type":"apgd","steps":5,"targets":3},
 {"type":"square","queries":30}]})";

/// As the host builds it from {"type":"auto_attack"}: with what is declared for the lists.
std::string left_alone() {
    const Made made(SPAR_KIND_ATTACK, quick);
    const auto &declared = made.instance().entry().schema->at("properties");
    return R"({"type":"auto_attack","standard":)" + declared.at("standard").at("default").dump() +
           R"(,"standard_l1":)" + declared.at("standard_l1").at("default").dump() + "}";
}

}  // namespace

TEST_CASE("left alone, auto_attack is the standard version for the norm") {
    const AnalyticModel model(48, 16, 12);
    const Made attack(SPAR_KIND_ATTACK, left_alone());
    for (const spar_norm norm : {SPAR_NORM_LINF, SPAR_NORM_L2, SPAR_NORM_L1}) {
        const Problem p = problem(model, 1, norm, 1e-5, {3, 4, 4});  // nothing to be found
        AnalyticOracle oracle(model, p, nullptr);
        run_attack(attack.instance().ref(), model, p, oracle);
        // l1: 5 restarts and 5 targets in three balls; otherwise 1 and 9 in one.
        const std::int64_t first = norm == SPAR_NORM_L1 ? 5 * 103 : 101,
                           second = first + (norm == SPAR_NORM_L1 ? 5 * 103 : 9 * 101);
        REQUIRE(oracle.stages.size() == 5);
        CHECK(oracle.stages[0] == Stages::value_type{"1 apgd-ce", 0});
        CHECK(oracle.stages[1] == Stages::value_type{"2 apgd-t", first});
        CHECK(oracle.stages[2] == Stages::value_type{"3 fab-t", second});
        CHECK(oracle.stages[3].first == "4 square");
        CHECK(oracle.stages[3].second > second);
        CHECK(oracle.stages[4] == Stages::value_type{"", oracle.stages[3].second});
        CHECK(oracle.notes.empty());
    }
}

TEST_CASE("attacks that the pipeline lists are those that run, under every norm") {
    const AnalyticModel model(48, 16, 12);
    const Made attack(SPAR_KIND_ATTACK, quick);
    const Problem p = problem(model, 2, SPAR_NORM_L1, 1e-5, {3, 4, 4});
    AnalyticOracle oracle(model, p, nullptr);
    run_attack(attack.instance().ref(), model, p, oracle);
    CHECK(oracle.stages.size() == 4);
    CHECK(oracle.gradients == 2 * (1 + 3) * 8);
}

TEST_CASE("auto_attack notes which stage broke an example, once for each") {
    const AnalyticModel model(48, 16, 6);
    const Problem p = problem(model, 40, SPAR_NORM_LINF, 0.04, {3, 4, 4});
    const Made attack(SPAR_KIND_ATTACK, quick);
    AnalyticOracle oracle(model, p, nullptr);
    const Floats x_adv = run_attack(attack.instance().ref(), model, p, oracle);
    std::vector<double> broken(40, 0);
    for (const AnalyticOracle::Note &note : oracle.notes) {
        CHECK(note.code == "broken");
        CHECK(broken[static_cast<std::size_t>(note.row)] == 0);
        broken[static_cast<std::size_t>(note.row)] = note.value;
    }
    CHECK(std::ranges::count(broken, 1) > 0);
    CHECK(std::ranges::count(broken, 1) < 40);
    for (std::int64_t row = 0; row < 40; ++row) {
        Floats outputs(6);
        model.forward(example(x_adv, p, row), outputs);
        CHECK((broken[static_cast<std::size_t>(row)] > 0) ==
              (spar::argmax(outputs) != p.labels[static_cast<std::size_t>(row)]));
    }
}

TEST_CASE("an error of one of its attacks names that attack's place") {
    const AnalyticModel model(48, 16, 3);
    const auto place = [&](const std::string &node, spar_norm norm) -> std::string {
        const Made attack(SPAR_KIND_ATTACK, node);
        const Problem p = problem(model, 1, norm, 1e-5, {3, 4, 4});
        const AnalyticOracle oracle(model, p, nullptr);
        try {
            run_attack(attack.instance().ref(), model, p, oracle);
        } catch (const spar::Error &e) {
            return e.pointer();
        }
        return "no error";
    };
    CHECK(place(quick, SPAR_NORM_LINF) == "/attacks/1/targets");
    CHECK(place(R"({"type":"auto_attack","attacks":[)" + std::string(quick) + "]}",
                SPAR_NORM_LINF) == "/attacks/0/attacks/1/targets");
    CHECK(place(left_alone(), SPAR_NORM_L2) == "/standard/1/targets");
    CHECK(place(left_alone(), SPAR_NORM_L1) == "/standard_l1/1/targets");
}
