#include "turns.hpp"

#include <spar/kit/part.hpp>

namespace {

using auto_attack::Turns;

class AutoAttack : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "auto_attack",
        .summary =
            "Several attacks in turn, each on the examples that withstood those before; the record "
            "says which broke an example. Without parameters it is AutoAttack's standard version. "
            "Targets "
            "need a model with four outputs or more.",
        .formula =
            "APGD-CE, APGD-T with 9 targets, FAB-T with 9 targets, 100 steps each, and Square "
            "with 5,000 queries; under l1, APGD-CE with 5 restarts and APGD-T with 5 targets",
        .reference =
            "Croce and Hein 2020, Reliable evaluation of adversarial robustness with an "
            "ensemble of diverse parameter-free attacks; l1: Croce and Hein 2021, Mind the box: "
            "l1-APGD for sparse adversarial attacks on image classifiers",
        .example = R"({"version":2,"name":"auto_attack","seed":1,
 "data":{"test":{"type":"digits","examples":8}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.02},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"auto_attack","attacks":[
  {"type":"apgd","steps":5,"loss":{"type":"cross_entropy"}},{"type":"apgd","steps":5,"targets":3},
  {"type":"fab","steps":5,"targets":3},{"type":"square","queries":50}]}]}})",
        .version_1 = R"({"attacks": {"norm": "l1", "was": "[{\"type\": \"apgd\", \"loss\": )"
                     R"({\"type\": \"cross_entropy\"}}, {\"type\": \"apgd\", \"targets\": 9}, )"
                     R"({\"type\": \"fab\", \"targets\": 9}, {\"type\": \"square\"}]"}})",
    };

    Turns attacks{this,
                  "attacks",
                  "the attacks, in order; left out: the standard version for the "
                  "threat's norm",
                  {.optional = true}};
    Turns standard{this,
                   "standard",
                   "the standard version under linf and l2, where attacks is left out",
                   {.fallback = R"([{"type":"apgd","loss":{"type":"cross_entropy"}},
 {"type":"apgd","targets":9},{"type":"fab","targets":9},{"type":"square"}])",
                    .unless = "attacks"}};
    Turns standard_l1{this,
                      "standard_l1",
                      "the standard version under l1, where attacks is left out",
                      {.fallback = R"([{"type":"apgd","restarts":5,"loss":{"type":"cross_entropy"}},
 {"type":"apgd","targets":5},{"type":"fab","targets":9},{"type":"square"}])",
                       .unless = "attacks"}};

    /// The standard version works under linf, l2 and l1; in a list every attack must fit, and
    /// perturb values.
    void fits(const spar_threat &threat) const override {
        if (attacks.refs().empty() || threat.space == SPAR_SPACE_TOKENS) fit().require(threat);
        const Turns &list = chosen(threat);
        for (std::size_t turn = 0; turn < list.refs().size(); ++turn)
            spar::at_part('/' + list.name() + '/' + std::to_string(turn),
                          [&] { spar::require_fit(list.refs()[turn], threat); });
    }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        std::vector<std::int64_t> standing;
        for (std::int64_t row = 0; row < batch.count(); ++row)
            if (!batch.outputs() || !batch.success(row, batch.outputs()[row]))
                standing.push_back(row);
        const Turns &list = chosen(batch.threat());
        for (std::size_t turn = 0; turn < list.refs().size(); ++turn) {
            if (standing.empty() && batch.count() > 0) break;
            const spar_component_ref &attack = list.refs()[turn];
            oracle.stage(list.stage(turn).c_str());
            part_.take(oracle, batch, std::move(standing), turn);
            try {
                spar::at_part('/' + list.name() + '/' + std::to_string(turn),
                              [&] { part_.perturb(attack); });
            } catch (...) {  // stopped, or out of queries: what has been found so far counts
                hand_over(batch);
                throw;
            }
            hand_over(batch);
            standing = withstood(oracle, batch, turn + 1);
        }
        oracle.stage(nullptr);
    }

  private:
    const Turns &chosen(const spar_threat &threat) const {
        if (!attacks.refs().empty()) return attacks;
        return threat.norm == SPAR_NORM_L1 ? standard_l1 : standard;
    }

    void hand_over(const spar::AttackBatch &batch) {
        for (std::int64_t i = 0; i < part_.count(); ++i) {
            const std::int64_t row = part_.rows()[static_cast<std::size_t>(i)];
            std::ranges::copy(part_.x_adv()[i], batch.x_adv()[row].begin());
        }
    }

    /// The examples of the part that a stage left right; for the others records the stage.
    std::vector<std::int64_t> withstood(const spar::Oracle &oracle, const spar::AttackBatch &batch,
                                        std::size_t stage) {
        outputs_.resize(part_.count(), oracle.outputs());
        oracle.evaluate({.x = part_.x_adv().data(),
                         .count = part_.count(),
                         .rows = part_.rows().data(),
                         .outputs = outputs_.data()});
        std::vector<std::int64_t> standing;
        for (std::int64_t i = 0; i < part_.count(); ++i) {
            const std::int64_t row = part_.rows()[static_cast<std::size_t>(i)];
            if (batch.success(row, outputs_[i]))
                oracle.note(row, "broken", static_cast<double>(stage));
            else
                standing.push_back(row);
        }
        return standing;
    }

    spar::Part part_;
    spar::Matrix outputs_;
};

}  // namespace

SPAR_PLUGIN("auto_attack", "1.0.0", AutoAttack)
