// How far an attack's goal is ahead: what black-box and minimum-norm attacks make grow.
#pragma once

#include <spar/attack.hpp>
#include <spar/math.hpp>

#include <vector>

namespace SPAR_HIDDEN spar {

/// A batch without examples may have no labels and yet be one of classes.
inline bool lacks_classes(const AttackBatch &batch) {
    return batch.labels() == nullptr && (batch.count() > 0 || batch.raw().values != nullptr);
}

/// For attacks that look at classes; to be called before anything else.
inline void require_classes(const Oracle &oracle, const AttackBatch &batch) {
    if (lacks_classes(batch))
        throw invalid("this attack needs classes of single examples: use pgd or fgsm");
    if (oracle.outputs() < 2) throw invalid("this attack needs a model with two outputs or more");
}

/// The race that decides about an example of the batch.
inline Race race(const AttackBatch &batch, std::int64_t row, std::span<const float> outputs) {
    const bool targeted = batch.targets() != nullptr;
    return race(outputs, (targeted ? batch.targets() : batch.labels())[row], targeted);
}

/// What attacks that see outputs alone make grow: the lead, infinite once it is success.
inline double progress(const AttackBatch &batch, std::int64_t row, std::span<const float> outputs) {
    if (batch.success(row, outputs)) return std::numeric_limits<double>::infinity();
    return race(batch, row, outputs).lead(outputs);
}

/// By how much `race` must gain for its lead to count, and a little more: a step that aims at the
/// boundary itself gets ever nearer to it and never beyond.
inline double missing(const Race &race, std::span<const float> outputs) {
    return 10 * least_margin(outputs) - race.lead(outputs);
}

/// Classes by their output, largest first and the first of equal ones first, without the label:
/// what several attacks aim at in turn. There must be `count` others.
inline void rivals(std::span<const float> outputs, std::int64_t label, std::int64_t count,
                   std::span<std::int64_t> out) {
    std::vector<std::int64_t> others;
    others.reserve(outputs.size());
    for (std::int64_t c = 0; c < std::ssize(outputs); ++c)
        if (c != label) others.push_back(c);
    // What is not a number comes last.
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
