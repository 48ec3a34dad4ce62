#include "run/evaluate.hpp"

#include "report/progress.hpp"
#include "run/announce.hpp"
#include "run/evaluation_pass.hpp"
#include "run/keeper.hpp"
#include "run/run_files.hpp"
#include "run/survivors.hpp"
#include "run/suspicions.hpp"
#include "run/text_pairs.hpp"

#include <spar/geometry.hpp>
#include <spar/math.hpp>
#include <spar/philox.hpp>
#include <spar/verdict.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace spar::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double longest_batch = 20;     // seconds
constexpr std::size_t least_batch = 16;  // examples
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// One evaluation in progress.
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
    void clean(EvaluationOutcome &outcome, const std::string &label);
    void load(std::size_t begin);
    AttackOutcome attack(const PreparedAttack &plan, const EvaluationOutcome &outcome,
                         const std::string &label);
    void make_file(const PreparedAttack &plan, const EvaluationOutcome &outcome);
    void attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                      AttackOutcome &outcome);
    AttackedText attacked_text(std::int64_t row, const ExampleResult &result) const;
    void settle(const PreparedAttack &plan, Clock::time_point batch_begin, AttackOutcome &outcome);

    std::vector<bool> not_done(const PreparedAttack &plan, const std::vector<bool> &correct,
                               AttackOutcome &outcome) const;

    std::size_t total() const { return plan_.indices.size(); }

    Network &network_;
    const Data &data_;
    const EvaluationTask &plan_;
    EvaluationPass pass_;
    EvaluationBatch batch_{};
    Survivors survivors_;
    Matrix clean_outputs_, x_adv_;
    FencedMatrix adversarial_outputs_;
    std::optional<AttackedTexts> texts_;  // where texts are attacked
    EmbeddedTokens attacked_;
    QueryCount queries_;
    Keeper keeper_;
    std::size_t batch_size_;        // examples at once
    Progress *progress_ = nullptr;  // of the attack in progress
};

void Evaluator::load(std::size_t begin) {
    if (embedder().stop_requested())
        throw Failure(Exit::stopped,
                      "stopped during an evaluation; the same command with --resume goes on");
    const std::size_t count = std::min(batch_size_, total() - begin);
    batch_.begin = begin;
    data_.read(std::span(plan_.indices).subspan(begin, count), batch_.batch);
    if (data_.tokens()) network_.embed(batch_.batch, batch_.vectors);
}

void Evaluator::clean(EvaluationOutcome &outcome, const std::string &label) {
    Progress progress(label + "clean", static_cast<std::int64_t>(total()), "examples");
    clean_outputs_.resize(static_cast<std::int64_t>(total()), network_.outputs());
    double loss = 0;
    for (std::size_t begin = 0; begin < total(); begin += batch_size_) {
        load(begin);
        const Batch &batch = batch_.batch;
        const auto first = static_cast<std::int64_t>(begin);
        pass_.run(batch_.points(), {batch.label_data(), batch.value_data(), nullptr},
                  clean_outputs_[first].data());
        for (std::int64_t i = 0; i < batch.count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const std::span<const float> outputs = clean_outputs_[first + i];
            outcome.correct.push_back(!data_.classes() || argmax(outputs) == batch.labels[at]);
            if (data_.classes()) outcome.labels.push_back(batch.labels[at]);
            loss += pass_.loss(at);
            if (!data_.classes()) outcome.fit.add(outputs, batch.values[i]);
            keeper_.keep_clean(
                {.row = first + i,
                 .index = batch.ids[at],
                 .label = data_.classes() ? batch.labels[at] : -1,
                 .broken = outcome.correct.back() ? 0 : 1,
                 .loss = pass_.loss(at)},
                {batch_.x(i, network_.size()), static_cast<std::size_t>(network_.size())});
        }
        keeper_.written();
        progress.advance(batch.count);
    }
    const auto count = static_cast<double>(total());
    const auto right = std::count(outcome.correct.begin(), outcome.correct.end(), true);
    outcome.clean_accuracy = data_.classes() ? static_cast<double>(right) / count : unknown;
    outcome.clean_loss = loss / count;
}

void Evaluator::attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                             AttackOutcome &outcome) {
    const auto begin = Clock::now();
    survivors_.gather(batch_, plan, plan_.key, correct, clean_outputs_);
    const bool words = plan.threat.space == SPAR_SPACE_TOKENS;
    x_adv_.resize(survivors_.count(), words ? 0 : network_.size());
    AttackTask task{};
    task.attack = plan.attack;
    task.space = &network_;
    task.loss = plan_.loss;
    task.batch.threat = &plan.threat;
    task.batch.purpose = SPAR_PURPOSE_EVALUATE;
    task.batch.key = mix_key(plan.attack->key(), 0);
    task.set_points(survivors_.points(survivors_.x.data()));
    task.batch.labels = survivors_.label_data();
    task.batch.values = survivors_.value_data();
    task.batch.targets = survivors_.target_data();
    task.batch.outputs = task.reference = survivors_.outputs.data();
    task.alive = [this](const std::string &stage) { progress_->alive(stage); };
    if (words) {
        if (!texts_) texts_.emplace(network_, *data_.tokenizer());
        texts_->take(data_, survivors_.ids, plan.threat.eps);
        task.texts = &*texts_;
        run_attack(task, nullptr, queries_);
        attacked_.take(network_, *data_.tokenizer(), survivors_.count(), texts_->tokens());
    } else {
        run_attack(task, x_adv_.data(), queries_);
    }
    settle(plan, begin, outcome);
}

AttackedText Evaluator::attacked_text(std::int64_t row, const ExampleResult &result) const {
    const std::span<const float> outputs = adversarial_outputs_[row];
    const bool aims = result.target >= 0;
    return {texts_->text(row), argmax(outputs),
            score_of(outputs, aims ? result.target : result.label, aims)};
}

/// The host's own forward pass decides.
void Evaluator::settle(const PreparedAttack &plan, Clock::time_point batch_begin,
                       AttackOutcome &outcome) {
    const Survivors &s = survivors_;
    if (s.count() == 0) return;
    adversarial_outputs_.resize(s.count(), network_.outputs());
    const bool words = plan.threat.space == SPAR_SPACE_TOKENS;
    pass_.run(words ? attacked_.points(s.ids.data()) : s.points(x_adv_.data()),
              {s.label_data(), s.value_data(), s.outputs.data()}, adversarial_outputs_.data());
    std::optional<Ball> ball;
    if (!words) ball.emplace(plan.threat, network_.shape());
    for (std::int64_t k = 0; k < s.count(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        const bool aims = plan.aim() != Target::none;
        ExampleResult r;
        r.attack = &plan - plan_.attacks.data();
        r.row = static_cast<std::int64_t>(batch_.begin) + s.rows[at];
        r.index = s.ids[at];
        if (data_.classes()) {
            r.label = s.labels[at];
            if (aims) r.target = s.targets[at];
            const Verdict found = verdict(adversarial_outputs_[k], aims ? r.target : r.label, aims);
            r.broken = found == Verdict::reached;
            r.marginal = found == Verdict::marginal;
        } else {
            Fit fit;
            fit.add(adversarial_outputs_[k], s.values[k]);
            r.squares = fit.squares;
            r.sum = fit.sum;
            r.sum_squares = fit.sum_squares;
            r.values = fit.count;
        }
        r.distance =
            words ? static_cast<double>(texts_->edited(k)) : ball->distance(s.x[k], x_adv_[k]);
        r.loss = pass_.loss(at);
        r.forward = queries_.forward[at];
        r.gradient = queries_.gradient[at];
        r.zero_gradient = queries_.first_gradient[at] == FirstGradient::zero;
        r.seconds = seconds_since(batch_begin) / static_cast<double>(s.count());
        note_stage(r, k, queries_);
        outcome.add(r);
        if (plan_.log == nullptr) continue;
        if (words)
            plan_.log->append(r, {}, attacked_text(k, r).json().dump());
        else
            plan_.log->append(r, x_adv_[k]);
    }
    outcome.note_stages(queries_.stages);
    keeper_.written(&plan - plan_.attacks.data(), queries_.stages);
}

AttackOutcome Evaluator::attack(const PreparedAttack &plan, const EvaluationOutcome &so_far,
                                const std::string &label) {
    Progress progress(label + plan.name(), static_cast<std::int64_t>(total()), "examples");
    progress_ = &progress;
    const auto begin_time = Clock::now();
    AttackOutcome outcome(plan.name(), so_far.correct);
    const std::vector<bool> open = not_done(plan, so_far.correct, outcome);
    batch_size_ = static_cast<std::size_t>(plan_.batch_size);
    for (std::size_t begin = 0, end = 0; begin < total(); begin = end) {
        end = std::min(begin + batch_size_, total());
        const auto started = Clock::now();
        const auto first = open.begin() + std::ptrdiff_t(begin);
        if (std::count(first, first + std::ptrdiff_t(end - begin), true) > 0) {
            load(begin);
            attack_batch(plan, open, outcome);
        }
        // A kill loses one batch, so slow batches are made smaller, which changes no number.
        if (seconds_since(started) > longest_batch)
            batch_size_ = std::max(batch_size_ / 2, least_batch);
        progress.advance(static_cast<std::int64_t>(end - begin));
    }
    const auto robust = std::count(outcome.success.begin(), outcome.success.end(), false);
    outcome.robust_accuracy =
        data_.classes() ? static_cast<double>(robust) / static_cast<double>(total()) : unknown;
    outcome.seconds += seconds_since(begin_time);
    return outcome;
}

/// Examples that are right and not yet attacked; takes the others' results from the log.
std::vector<bool> Evaluator::not_done(const PreparedAttack &plan, const std::vector<bool> &correct,
                                      AttackOutcome &outcome) const {
    std::vector<bool> open = correct;
    if (plan_.log == nullptr) return open;
    outcome.note_stages(plan_.log->stages_of(&plan - plan_.attacks.data()));
    for (std::size_t row = 0; row < open.size(); ++row)
        if (const ExampleResult *found =
                plan_.log->find(&plan - plan_.attacks.data(), static_cast<std::int64_t>(row))) {
            outcome.add(*found);
            outcome.seconds += found->seconds;
            open[row] = false;
        }
    return open;
}

/// Of the attack that has just been finished.
void Evaluator::make_file(const PreparedAttack &plan, const EvaluationOutcome &outcome) {
    const auto index = &plan - plan_.attacks.data();
    if (plan.threat.space != SPAR_SPACE_TOKENS)
        keeper_.make_file(plan.name(), index, outcome, &outcome.attacks.back());
    else if (plan_.log != nullptr && !plan_.adversarial.empty())
        write_text_pairs(plan_.adversarial / (plan.name() + run_files::texts), data_, outcome,
                         outcome.attacks.back(), index, *plan_.log, clean_outputs_);
}

EvaluationOutcome Evaluator::run(Reporters *reporters, const std::string &label) {
    const auto begin = Clock::now();
    EvaluationOutcome outcome;
    outcome.indices = plan_.indices;
    clean(outcome, label);
    keeper_.make_file("clean", -1, outcome, nullptr);
    if (reporters != nullptr) announce_clean(*reporters, outcome, plan_.attacks);
    std::vector<bool> holds = outcome.correct;
    for (const PreparedAttack &plan : plan_.attacks) {
        outcome.attacks.push_back(attack(plan, outcome, label));
        const AttackOutcome &attack = outcome.attacks.back();
        make_file(plan, outcome);
        if (reporters != nullptr) warn_of_attack(plan, attack);
        for (std::size_t i = 0; i < holds.size(); ++i) holds[i] = holds[i] && !attack.success[i];
        if (reporters != nullptr) announce_attack(*reporters, attack);
    }
    const auto held = std::count(holds.begin(), holds.end(), true);
    outcome.worst_case_accuracy =
        data_.classes() ? static_cast<double>(held) / static_cast<double>(total()) : unknown;
    outcome.storing_seconds = keeper_.finish();
    outcome.seconds = seconds_since(begin);
    return outcome;
}

}  // namespace

EvaluationOutcome evaluate(Network &network, const Data &data, const EvaluationTask &plan,
                           Reporters *reporters, const std::string &label) {
    return Evaluator(network, data, plan).run(reporters, label);
}

}  // namespace spar::host
