// Adds up the results of single examples.
#include "run/evaluate.hpp"

#include <spar/verdict.hpp>

#include <algorithm>
#include <cmath>

namespace spar::host {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_ids = 8;

}  // namespace

AttackOutcome::AttackOutcome(std::string attack_name, const std::vector<bool> &correct)
    : name(std::move(attack_name)),
      success(correct),
      targets(correct.size(), -1),
      distances(correct.size(), unknown) {
    success.flip();
}

void AttackOutcome::add(const ExampleResult &result) {
    const auto row = static_cast<std::size_t>(result.row);
    success[row] = result.broken != 0;
    targets[row] = result.target;
    distances[row] = result.distance;
    ++attacked;
    distance_sum += result.distance;
    loss_sum += result.loss;
    forward_queries += result.forward;
    gradient_queries += result.gradient;
    if (result.stage > 0) {
        auto &[stage_name, broken] = stages[result.stage];
        stage_name = result.stage_name;
        broken += result.broken;
    }
    fit.add({result.squares, result.sum, result.sum_squares, result.values});
    if (result.marginal != 0) marginal.push_back(result.index);
    if (result.zero_gradient == 0 || result.broken != 0) return;
    ++zero_gradients;
    if (zero_gradient_ids.size() < most_ids) zero_gradient_ids.push_back(result.index);
}

void AttackOutcome::add_moved(std::span<const float> example) {
    moved.resize(example.size(), 0.0);
    for (std::size_t i = 0; i < example.size(); ++i) moved[i] += double{example[i]};
}

void AttackOutcome::note_stages(const std::vector<std::string> &names) {
    for (std::size_t i = 0; i < names.size(); ++i)
        stages.try_emplace(static_cast<std::int64_t>(i) + 1, names[i], 0);
}

void judge(ExampleResult &result, std::span<const float> outputs, std::span<const float> values,
           bool classes, bool aims) {
    if (classes) {
        const Verdict found = verdict(outputs, aims ? result.target : result.label, aims);
        result.broken = found == Verdict::reached;
        result.marginal = found == Verdict::marginal;
        return;
    }
    Fit fit;
    fit.add(outputs, values);
    result.squares = fit.squares;
    result.sum = fit.sum;
    result.sum_squares = fit.sum_squares;
    result.values = fit.count;
}

void note_stage(ExampleResult &result, std::int64_t row, const QueryCount &queries) {
    if (queries.stages.empty()) return;
    std::string name = result.broken != 0 ? "" : queries.stages.back();
    for (const AttackNote &note : queries.notes)
        if (result.broken != 0 && note.row == row && note.code == "broken") name = note.stage;
    const auto found = std::ranges::find(queries.stages, name);
    if (found == queries.stages.end()) return;
    result.stage = 1 + (found - queries.stages.begin());
    name.copy(result.stage_name, sizeof result.stage_name - 1);
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

void Fit::add(const Fit &other) {
    squares += other.squares;
    sum += other.sum;
    sum_squares += other.sum_squares;
    count += other.count;
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
