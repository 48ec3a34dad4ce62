#include "engine/evaluate.hpp"

#include "engine/fitting.hpp"
#include "engine/loss_head.hpp"
#include "engine/survivors.hpp"
#include "engine/suspicions.hpp"
#include "report/progress.hpp"

#include <spar/geometry.hpp>
#include <spar/loss.hpp>
#include <spar/philox.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace spar::host {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::int64_t predicted(std::span<const float> outputs) {
    return std::max_element(outputs.begin(), outputs.end()) - outputs.begin();
}

/// One evaluation under way.
class Evaluator {
  public:
    Evaluator(Network &network, const Data &data, const EvaluationPlan &plan)
        : network_(network),
          data_(data),
          plan_(plan),
          has_loss_(plan.loss != nullptr && evaluated_alone(*plan.loss)) {}

    EvaluationOutcome run(Reporters *reporters, const std::string &label);

  private:
    void clean(EvaluationOutcome &outcome, const std::string &label);
    void load(std::size_t begin);
    void forward(const Network::Points &points, float *outputs, const LossHead &head);
    LossHead head(const std::int64_t *labels, const float *values, const std::int64_t *ids) const;
    AttackOutcome attack(const PreparedAttack &plan, const EvaluationOutcome &outcome,
                         const std::string &label);
    void attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                      AttackOutcome &outcome);
    void settle(const PreparedAttack &plan, const std::vector<bool> &correct,
                AttackOutcome &outcome);

    std::size_t batch_size() const { return static_cast<std::size_t>(plan_.batch_size); }
    std::size_t total() const { return plan_.indices.size(); }

    Network &network_;
    const Data &data_;
    const EvaluationPlan &plan_;
    bool has_loss_;
    EvaluationBatch batch_{};
    Survivors survivors_;
    Matrix clean_outputs_, x_adv_, adversarial_outputs_;
    std::vector<float> losses_;
    QueryCount queries_;
};

LossHead Evaluator::head(const std::int64_t *labels, const float *values,
                         const std::int64_t *ids) const {
    LossHead head{.loss = plan_.loss, .outputs = network_.outputs()};
    head.labels = labels;
    head.values = values;
    head.ids = ids;
    return head;
}

void Evaluator::load(std::size_t begin) {
    if (stop_requested)
        throw Failure(Exit::stopped,
                      "stopped during an evaluation; the same command with --resume goes on");
    const std::size_t count = std::min(batch_size(), total() - begin);
    batch_.begin = begin;
    data_.read(std::span(plan_.indices).subspan(begin, count), batch_.batch);
    if (data_.tokens()) network_.embed(batch_.batch, batch_.vectors);
}

/// Outputs of points, and the loss of each into losses_ (zero where there is no loss).
void Evaluator::forward(const Network::Points &points, float *outputs, const LossHead &head) {
    losses_.assign(static_cast<std::size_t>(points.count), 0.0F);
    LossHead loss = head;
    loss.loss_values = losses_.data();
    spar_pass pass{};
    pass.mode = SPAR_MODE_EVAL;
    pass.outputs = outputs;
    pass.head = has_loss_ ? LossHead::evaluate : nullptr;
    pass.head_context = &loss;
    network_.pass(points, pass);
    for (std::int64_t i = 0; i < points.count * network_.outputs(); ++i)
        if (!std::isfinite(outputs[i]))
            throw Failure(
                Exit::plugin,
                fmt::format("#{}: the model's outputs are not numbers (found {}); was its "
                            "training stable?",
                            network_.instance().pointer(), outputs[i]));
}

void Evaluator::clean(EvaluationOutcome &outcome, const std::string &label) {
    Progress progress(label + "clean", static_cast<std::int64_t>(total()), "examples");
    clean_outputs_.resize(static_cast<std::int64_t>(total()), network_.outputs());
    double loss = 0;
    for (std::size_t begin = 0; begin < total(); begin += batch_size()) {
        load(begin);
        const Batch &batch = batch_.batch;
        const auto first = static_cast<std::int64_t>(begin);
        forward(batch_.points(), clean_outputs_[first].data(),
                head(batch.label_data(), batch.value_data(), batch.ids.data()));
        for (std::int64_t i = 0; i < batch.count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const std::span<const float> outputs = clean_outputs_[first + i];
            outcome.correct.push_back(!data_.classes() || predicted(outputs) == batch.labels[at]);
            if (data_.classes()) outcome.labels.push_back(batch.labels[at]);
            loss += double{losses_[at]};
            if (!data_.classes()) outcome.fit.add(outputs, batch.values[i]);
        }
        progress.advance(batch.count);
    }
    const auto count = static_cast<double>(total());
    const auto right = std::count(outcome.correct.begin(), outcome.correct.end(), true);
    outcome.clean_accuracy = data_.classes() ? static_cast<double>(right) / count : unknown;
    outcome.clean_loss = has_loss_ ? loss / count : unknown;
}

void Evaluator::attack_batch(const PreparedAttack &plan, const std::vector<bool> &correct,
                             AttackOutcome &outcome) {
    survivors_.gather(batch_, plan, plan_.key, correct, clean_outputs_);
    x_adv_.resize(survivors_.count(), network_.size());
    AttackTask task{};
    task.attack = plan.attack;
    task.space = &network_;
    task.loss = plan_.loss;
    task.threat = &plan.threat;
    task.purpose = SPAR_PURPOSE_EVALUATE;
    task.mode = SPAR_MODE_EVAL;
    task.key = mix_key(plan.attack->key(), 0);
    task.points = survivors_.points(survivors_.x.data());
    task.labels = survivors_.label_data();
    task.values = survivors_.value_data();
    task.targets = survivors_.target_data();
    task.outputs = survivors_.outputs.data();
    run_attack(task, x_adv_.data(), queries_);
    settle(plan, correct, outcome);
}

/// The host's own forward pass decides.
void Evaluator::settle(const PreparedAttack &plan, const std::vector<bool> &correct,
                       AttackOutcome &outcome) {
    const Survivors &s = survivors_;
    const std::int64_t size = network_.size();
    const auto first = static_cast<std::ptrdiff_t>(batch_.begin);
    // What was not attacked was broken before, or is of the class aimed at and stays right.
    for (std::int64_t i = 0; i < batch_.batch.count; ++i) {
        outcome.success.push_back(!correct[batch_.begin + static_cast<std::size_t>(i)]);
        outcome.targets.push_back(-1);
    }
    if (plan_.keep_examples) {
        const float *x = batch_.x(0, size);
        outcome.x.insert(outcome.x.end(), x, x + batch_.batch.count * size);
        outcome.x_adv.insert(outcome.x_adv.end(), x, x + batch_.batch.count * size);
    }
    if (s.count() == 0) return;

    adversarial_outputs_.resize(s.count(), network_.outputs());
    forward(s.points(x_adv_.data()), adversarial_outputs_.data(),
            head(s.label_data(), s.value_data(), s.ids.data()));
    const Ball ball(plan.threat);
    for (std::int64_t k = 0; k < s.count(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        const std::ptrdiff_t row = first + s.rows[at];
        const std::int64_t found = predicted(adversarial_outputs_[k]);
        outcome.success[static_cast<std::size_t>(row)] =
            data_.classes() &&
            (plan.aim != Target::none ? found == s.targets[at] : found != s.labels[at]);
        if (plan.aim != Target::none)
            outcome.targets[static_cast<std::size_t>(row)] = s.targets[at];
        outcome.distance_sum += ball.distance(s.x[k], x_adv_[k]);
        outcome.forward_queries += queries_.forward[at];
        outcome.gradient_queries += queries_.gradient[at];
        outcome.loss_sum += double{losses_[at]};
        if (!data_.classes()) outcome.fit.add(adversarial_outputs_[k], s.values[k]);
        if (queries_.first_gradient[at] == FirstGradient::zero) {
            ++outcome.zero_gradients;
            if (outcome.zero_gradient_ids.size() < 8)
                outcome.zero_gradient_ids.push_back(s.ids[at]);
        }
        if (plan_.keep_examples) std::ranges::copy(x_adv_[k], outcome.x_adv.begin() + row * size);
    }
    outcome.attacked += s.count();
}

AttackOutcome Evaluator::attack(const PreparedAttack &plan, const EvaluationOutcome &so_far,
                                const std::string &label) {
    Progress progress(label + plan.name, static_cast<std::int64_t>(total()), "examples");
    const auto begin_time = Clock::now();
    AttackOutcome outcome;
    outcome.name = plan.name;
    for (std::size_t begin = 0; begin < total(); begin += batch_size()) {
        load(begin);
        attack_batch(plan, so_far.correct, outcome);
        progress.advance(batch_.batch.count);
    }
    const auto robust = std::count(outcome.success.begin(), outcome.success.end(), false);
    outcome.robust_accuracy =
        data_.classes() ? static_cast<double>(robust) / static_cast<double>(total()) : unknown;
    outcome.seconds = seconds_since(begin_time);
    return outcome;
}

EvaluationOutcome Evaluator::run(Reporters *reporters, const std::string &label) {
    const auto begin = Clock::now();
    EvaluationOutcome outcome;
    outcome.indices = plan_.indices;
    clean(outcome, label);
    if (reporters != nullptr)
        reporters->event(-1, "evaluate", "clean_accuracy", outcome.clean_accuracy);
    std::vector<bool> holds = outcome.correct;
    for (const PreparedAttack &plan : plan_.attacks) {
        outcome.attacks.push_back(attack(plan, outcome, label));
        const AttackOutcome &attack = outcome.attacks.back();
        if (reporters != nullptr) warn_of_attack(plan, attack);
        for (std::size_t i = 0; i < holds.size(); ++i) holds[i] = holds[i] && !attack.success[i];
        if (reporters == nullptr) continue;
        reporters->event(-1, "evaluate/" + plan.name, "robust_accuracy", attack.robust_accuracy);
        reporters->event(-1, "evaluate/" + plan.name, "seconds", attack.seconds);
    }
    const auto held = std::count(holds.begin(), holds.end(), true);
    outcome.worst_case_accuracy =
        data_.classes() ? static_cast<double>(held) / static_cast<double>(total()) : unknown;
    outcome.seconds = seconds_since(begin);
    return outcome;
}

}  // namespace

EvaluationOutcome evaluate(Network &network, const Data &data, const EvaluationPlan &plan,
                           Reporters *reporters, const std::string &label) {
    return Evaluator(network, data, plan).run(reporters, label);
}

void Fit::add(std::span<const float> outputs, std::span<const float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double value = values[i], error = double{outputs[i]} - value;
        squares += error * error;
        sum += value;
        sum_squares += value * value;
    }
    count += std::ssize(values);
}

double Fit::rmse() const {
    return std::sqrt(squares / static_cast<double>(count));
}

double Fit::r2() const {
    const double variance = sum_squares - sum * sum / static_cast<double>(count);
    return variance > 0 ? 1 - squares / variance : unknown;
}

std::pair<double, double> share_interval(double share, std::int64_t count) {
    if (!std::isfinite(share) || count < 1) return {unknown, unknown};
    const double n = static_cast<double>(count);
    constexpr double z = 1.959963984540054;
    const double center = (share + z * z / (2 * n)) / (1 + z * z / n);
    const double half =
        z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

}  // namespace spar::host
