// By how much an attack's goal leads: what black-box and minimum-norm attacks increase.
#pragma once

#include <spar/attack.hpp>
#include <spar/math.hpp>

#include <vector>

namespace SPAR_HIDDEN spar {

/// A batch without examples may lack labels and still be one of classes.
inline bool lacks_classes(const AttackBatch &batch) {
    return batch.labels() == nullptr && (batch.count() > 0 || batch.raw().values != nullptr);
}

/// For attacks that need classes; call it first.
inline void require_classes(const Oracle &oracle, const AttackBatch &batch) {
    if (lacks_classes(batch))
        throw invalid("this attack needs classes of single examples: use pgd or fgsm");
    if (oracle.outputs() < 2) throw invalid("this attack needs a model with two outputs or more");
}

/// The race that decides an example of the batch.
inline Race race(const AttackBatch &batch, std::int64_t row, std::span<const float> outputs) {
    const bool targeted = batch.targets() != nullptr;
    return race(outputs, (targeted ? batch.targets() : batch.labels())[row], targeted);
}

/// What attacks that see only outputs increase: the lead, infinite once it counts as success.
inline double progress(const AttackBatch &batch, std::int64_t row, std::span<const float> outputs) {
    if (batch.success(row, outputs)) return std::numeric_limits<double>::infinity();
    return race(batch, row, outputs).lead(outputs);
}

/// How much `race` must gain for its lead to count, and a little more: steps that aim at the
/// boundary itself approach it but never cross it.
inline double missing(const Race &race, std::span<const float> outputs) {
    return 10 * least_margin(outputs) - race.lead(outputs);
}

/// Classes other than the label in descending order of output (equal ones by index): the targets
/// that several attacks try in turn. There must be `count` of them.
inline void rivals(std::span<const float> outputs, std::int64_t label, std::int64_t count,
                   std::span<std::int64_t> out) {
    std::vector<std::int64_t> others;
    others.reserve(outputs.size());
    for (std::int64_t c = 0; c < std::ssize(outputs); ++c)
        if (c != label) others.push_back(c);
    // NaN comes last.
    const auto value = [&](std::int64_t c) {
        const float z = outputs[static_cast<std::size_t>(c)];
        return std::isnan(z) ? -std::numeric_limits<float>::infinity() : z;
    };
    const auto first = out.first(static_cast<std::size_t>(count));
    std::partial_sort_copy(others.begin(), others.end(), first.begin(), first.end(),
                           [&](std::int64_t a, std::int64_t b) {
                               return value(a) > value(b) || (value(a) == value(b) && a < b);
                           });
}

}  // namespace spar
