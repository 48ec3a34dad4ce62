// The part of an evaluation that runs one attack on all examples that are still right.
#include "run/evaluator.hpp"

#include <spar/geometry.hpp>
#include <spar/math.hpp>
#include <spar/philox.hpp>

#include <algorithm>
#include <iterator>

namespace spar::host {
namespace {

constexpr double longest_batch = 20;     // seconds
constexpr std::size_t least_batch = 16;  // examples

}  // namespace

void Evaluator::attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                             AttackOutcome &outcome) {
    const auto begin = Clock::now();
    survivors_.gather(batch_, plan, plan_.key, correct, clean_outputs_);
    space_ = plan.site ? static_cast<Space *>(plan.site.get()) : &network_;
    clean_points_ = survivors_.points(survivors_.x.data());
    if (plan.site) {
        plan.site->attend(clean_points_);
        clean_points_ = plan.site->points(nullptr);
    }
    const bool words = plan.threat.space == SPAR_SPACE_TOKENS;
    x_adv_.resize(survivors_.count(), words ? 0 : space_->size());
    AttackTask task{};
    task.attack = plan.attack;
    task.space = space_;
    task.loss = plan_.loss;
    task.batch.threat = &plan.threat;
    task.batch.purpose = SPAR_PURPOSE_EVALUATE;
    task.batch.key = mix_key(plan.attack->key(), 0);
    task.set_points(clean_points_);
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
    Space::Points attacked = words ? attacked_.points(s.ids.data()) : clean_points_;
    if (!words) attacked.x = x_adv_.data();
    pass_.run(*space_, attacked, {s.label_data(), s.value_data(), s.outputs.data()},
              adversarial_outputs_.data());
    std::optional<Ball> ball;
    if (!words) ball.emplace(plan.threat, space_->shape());
    const auto width = static_cast<std::size_t>(space_->size());
    if (watches_attention(plan))
        moves_.measure(network_, plan_.attention, *space_, clean_points_, x_adv_.data());
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
        }
        judge(r, adversarial_outputs_[k], data_.classes() ? std::span<const float>() : s.values[k],
              data_.classes(), aims);
        r.distance = words
                         ? static_cast<double>(texts_->edited(k))
                         : ball->distance({clean_points_.x + k * space_->size(), width}, x_adv_[k]);
        r.loss = pass_.loss(at);
        r.forward = queries_.forward[at];
        r.gradient = queries_.gradient[at];
        r.zero_gradient = queries_.first_gradient[at] == FirstGradient::zero;
        r.seconds = seconds_since(batch_begin) / static_cast<double>(s.count());
        note_stage(r, k, queries_);
        outcome.add(r);
        if (watches_attention(plan)) outcome.add_moved(moves_.of(k));
        if (plan_.log == nullptr) continue;
        if (words)
            plan_.log->append(r, {}, attacked_text(k, r).json().dump());
        else
            plan_.log->append(r, kept(plan, k));
    }
    outcome.note_stages(queries_.stages);
    keeper_.written(&plan - plan_.attacks.data(), queries_.stages);
}

/// What the log keeps: x_adv, or zeros for a perturbation inside the model, then the movement.
std::span<const float> Evaluator::kept(const PreparedAttack &plan, std::int64_t k) {
    if (plan_.attention.empty() && !plan.site) return x_adv_[k];
    kept_.assign(static_cast<std::size_t>(plan_.kept_floats), 0.0F);
    if (!plan.site && !kept_.empty()) std::ranges::copy(x_adv_[k], kept_.begin());
    if (!plan_.attention.empty()) std::ranges::copy(moves_.of(k), std::back_inserter(kept_));
    return kept_;
}

AttackOutcome Evaluator::attack(const PreparedAttack &plan, const EvaluationOutcome &so_far,
                                const std::string &label) {
    Progress progress(label + plan.name(), static_cast<std::int64_t>(total()), "examples");
    progress_ = &progress;
    const auto begin_time = Clock::now();
    AttackOutcome outcome(plan.name(), so_far.correct);
    if (watches_attention(plan)) outcome.attention = plan_.attention;
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
                                      AttackOutcome &outcome) {
    std::vector<bool> open = correct;
    if (plan_.log == nullptr) return open;
    outcome.note_stages(plan_.log->stages_of(&plan - plan_.attacks.data()));
    for (std::size_t row = 0; row < open.size(); ++row)
        if (const ExampleResult *found =
                plan_.log->find(&plan - plan_.attacks.data(), static_cast<std::int64_t>(row))) {
            outcome.add(*found);
            if (watches_attention(plan)) {
                kept_.resize(static_cast<std::size_t>(heads_of(plan_.attention)));
                plan_.log->read(plan_.log->place_of(found->attack, found->row) +
                                    plan_.kept_floats * std::int64_t{sizeof(float)},
                                kept_);
                outcome.add_moved(kept_);
            }
            outcome.seconds += found->seconds;
            open[row] = false;
        }
    return open;
}

}  // namespace spar::host
