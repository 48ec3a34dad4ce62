#include "run/evaluate.hpp"

#include "run/announce.hpp"
#include "run/evaluator.hpp"
#include "run/run_files.hpp"
#include "run/suspicions.hpp"

#include <spar/math.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace spar::host {
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
        pass_.run(network_, batch_.points(), {batch.label_data(), batch.value_data(), nullptr},
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
                {batch_.x(i, network_.size()),
                 static_cast<std::size_t>(plan_.kept_floats > 0 ? network_.size() : 0)});
        }
        keeper_.written();
        progress.advance(batch.count);
    }
    const auto count = static_cast<double>(total());
    const auto right = std::count(outcome.correct.begin(), outcome.correct.end(), true);
    outcome.clean_accuracy = data_.classes() ? static_cast<double>(right) / count : unknown;
    outcome.clean_loss = loss / count;
}

/// Of the attack that has just been finished.
void Evaluator::make_file(const PreparedAttack &plan, const EvaluationOutcome &outcome) {
    const auto index = &plan - plan_.attacks.data();
    const bool words = plan.threat.space == SPAR_SPACE_TOKENS;
    if (words && plan_.log != nullptr && !plan_.adversarial.empty())
        write_text_pairs(plan_.adversarial / (plan.name() + run_files::texts), data_, outcome,
                         outcome.attacks.back(), index, *plan_.log, clean_outputs_);
    if (!words && !plan.site)
        keeper_.make_file(plan.name(), index, outcome, &outcome.attacks.back());
}

EvaluationOutcome Evaluator::run(Reporters *reporters, const std::string &label) {
    const auto begin = Clock::now();
    EvaluationOutcome outcome;
    outcome.indices = plan_.indices;
    outcome.attention_heads = heads_of(plan_.attention);
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

EvaluationOutcome evaluate(Network &network, const Data &data, const EvaluationTask &plan,
                           Reporters *reporters, const std::string &label) {
    return Evaluator(network, data, plan).run(reporters, label);
}

}  // namespace spar::host
