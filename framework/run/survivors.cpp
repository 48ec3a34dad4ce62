#include "run/survivors.hpp"

#include <spar/philox.hpp>

#include <algorithm>

namespace spar::host {
namespace {

/// The target class of an example.
std::int64_t choose_target(const PreparedAttack &plan, std::uint64_t key, std::int64_t id,
                           std::int64_t label, std::span<const float> outputs) {
    const auto classes = static_cast<std::int64_t>(outputs.size());
    switch (plan.aim()) {
        case Target::random:
            return (label + 1 + Random(key, id).below(0, classes - 1)) % classes;
        case Target::least_likely: {
            const auto least = std::min_element(outputs.begin(), outputs.end()) - outputs.begin();
            return least != label ? least : (label + 1) % classes;
        }
        case Target::one_class:
            return plan.aimed_class();
        default:
            return (label + 1) % classes;
    }
}

}  // namespace

void Survivors::gather(const EvaluationBatch &from, const PreparedAttack &plan,
                       std::uint64_t target_key, const std::vector<bool> &correct,
                       const Matrix &clean_outputs) {
    const Batch &batch = from.batch;
    rows.clear();
    for (std::int64_t i = 0; i < batch.count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const bool there =
            plan.aim() == Target::one_class && batch.labels[at] == plan.aimed_class();
        if (correct[from.begin + at] && !there) rows.push_back(i);
    }
    const std::int64_t size = from.batch.tokens.empty() ? batch.x.width() : from.vectors.width();
    x.resize(count(), size);
    outputs.resize(count(), clean_outputs.width());
    values.resize(batch.labels.empty() ? count() : 0, batch.values.width());
    labels.clear();
    targets.clear();
    ids.clear();
    tokens.clear();
    mask.clear();
    for (std::int64_t k = 0; k < count(); ++k) {
        const std::int64_t row = rows[static_cast<std::size_t>(k)];
        const auto at = static_cast<std::size_t>(row);
        const auto clean = clean_outputs[static_cast<std::int64_t>(from.begin) + row];
        std::copy_n(from.x(row, size), size, x[k].begin());
        std::ranges::copy(clean, outputs[k].begin());
        ids.push_back(batch.ids[at]);
        if (batch.labels.empty())
            std::ranges::copy(batch.values[row], values[k].begin());
        else
            labels.push_back(batch.labels[at]);
        if (plan.aim() != Target::none)
            targets.push_back(
                choose_target(plan, target_key, batch.ids[at], batch.labels[at], clean));
        if (batch.tokens.empty()) continue;
        const auto length = static_cast<std::ptrdiff_t>(batch.tokens.size()) / batch.count;
        const auto first = row * length;
        tokens.insert(tokens.end(), batch.tokens.begin() + first,
                      batch.tokens.begin() + first + length);
        mask.insert(mask.end(), batch.mask.begin() + first, batch.mask.begin() + first + length);
    }
}

}  // namespace spar::host
