// Running an attack on a batch: the oracle it asks, and the checks of what it proposes.
#pragma once

#include "engine/network.hpp"

#include "base/stop.hpp"

#include <functional>
#include <string>

namespace spar::host {

/// What is attacked. All pointers are to one value or row per example, null where there is none.
struct AttackTask {
    const Instance *attack;
    Space *space;                    /// what is perturbed
    const spar_component_ref *loss;  /// null: attacks must bring their own
    const spar_threat *threat;
    spar_purpose purpose;
    spar_mode mode;           /// of the model while crafting
    std::uint64_t key;        /// of the attack's random numbers
    std::uint64_t model_key;  /// of the model's own (dropout, when mode is training)
    Network::Points points;   /// the clean examples
    const std::int64_t *labels;
    const float *values;
    const std::int64_t *targets;
    const float *reference;  /// for a loss that compares
    const float *outputs;    /// at the clean points, null when not known
    /// Told of every question, with the stage that the attack is in. May be empty.
    std::function<void(const std::string &stage)> alive{};
};

/// What the first gradient that an attack got for an example was; in evaluation.
enum class FirstGradient : std::uint8_t { none, zero, other };

/// What an attack noted of an example, see spar_oracle. Of several with one code the last counts.
struct AttackNote {
    std::int64_t row;   /// of the batch
    std::string stage;  /// that the attack was in; empty: none
    std::string code;
    double value;
};

/// Queries each example cost, and what the attack noted.
struct QueryCount {
    std::vector<std::int64_t> forward, gradient;
    std::vector<FirstGradient> first_gradient;
    std::vector<AttackNote> notes;
    std::vector<std::string> stages;  /// as they were announced, once each
};

/// Writes x_adv [count, size], starting from x. Throws Failure when the attack fails, and when what
/// it leaves is outside the threat model or not a number.
void run_attack(const AttackTask &task, float *x_adv, QueryCount &queries);

/// Lets the attack look at a batch without examples, so that what does not fit is known before a
/// training. Throws as run_attack.
void rehearse_attack(const Instance &attack, Space &space, const spar_threat &threat,
                     const spar_component_ref *loss, bool classes);

}  // namespace spar::host
