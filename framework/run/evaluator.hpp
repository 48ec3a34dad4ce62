// One evaluation in progress: what the files that run it share.
#pragma once

#include "report/progress.hpp"
#include "run/evaluation_pass.hpp"
#include "run/keeper.hpp"
#include "run/survivors.hpp"
#include "run/text_pairs.hpp"

#include <chrono>
#include <limits>

namespace spar::host {

class Evaluator {
  public:
    Evaluator(Network &network, const Data &data, const EvaluationTask &plan)
        : network_(network),
          data_(data),
          plan_(plan),
          pass_(network, plan.loss),
          keeper_(plan.log, plan.files),
          batch_size_(static_cast<std::size_t>(plan.batch_size)) {}

    EvaluationOutcome run(Reporters *reporters, const std::string &label);

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    static double seconds_since(Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

    void clean(EvaluationOutcome &outcome, const std::string &label);
    void load(std::size_t begin);
    AttackOutcome attack(const PreparedAttack &plan, const EvaluationOutcome &outcome,
                         const std::string &label);
    void make_file(const PreparedAttack &plan, const EvaluationOutcome &outcome);
    void attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                      AttackOutcome &outcome);
    AttackedText attacked_text(std::int64_t row, const ExampleResult &result) const;
    void settle(const PreparedAttack &plan, Clock::time_point batch_begin, AttackOutcome &outcome);

    /// Whose attention is measured: where words change, positions do not correspond.
    bool watches_attention(const PreparedAttack &plan) const {
        return !plan_.attention.empty() && plan.threat.space != SPAR_SPACE_TOKENS;
    }
    std::span<const float> kept(const PreparedAttack &plan, std::int64_t k);

    std::vector<bool> not_done(const PreparedAttack &plan, const std::vector<bool> &correct,
                               AttackOutcome &outcome);

    std::size_t total() const { return plan_.indices.size(); }

    Network &network_;
    const Data &data_;
    const EvaluationTask &plan_;
    EvaluationPass pass_;
    EvaluationBatch batch_{};
    Survivors survivors_;
    Space *space_ = nullptr;        // that the attack in progress perturbs
    Space::Points clean_points_{};  // of the survivors, there
    AttentionMoves moves_;
    std::vector<float> kept_;
    Matrix clean_outputs_, x_adv_;
    FencedMatrix adversarial_outputs_;
    std::optional<AttackedTexts> texts_;  // where texts are attacked
    EmbeddedTokens attacked_;
    QueryCount queries_;
    Keeper keeper_;
    std::size_t batch_size_;        // examples at once
    Progress *progress_ = nullptr;  // of the attack in progress
};

}  // namespace spar::host
