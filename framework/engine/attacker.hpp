// Running an attack on a batch: the oracle it asks, and the checks of what it proposes.
#pragma once

#include "engine/texts.hpp"

#include <functional>
#include <string>

namespace spar::host {

/// What is attacked: the batch given to the attack, and what the host adds to it.
struct AttackTask {
    const Instance *attack = nullptr;
    Space *space = nullptr;                    /// what is perturbed
    const spar_component_ref *loss = nullptr;  /// null: attacks must bring their own
    spar_mode mode = SPAR_MODE_EVAL;           /// of the model while crafting
    std::uint64_t model_key = 0;  /// of the model's own random numbers (dropout, in training mode)
    const float *reference = nullptr;      /// one row per example, for a loss that compares
    const std::int64_t *tokens = nullptr;  /// of the clean examples, where x are their vectors
    AttackedTexts *texts = nullptr;        /// in the space of tokens: the examples, and the result
    /// Complete except for x_adv and the size and shape of an example, which run_attack fills in.
    spar_attack_batch batch{};
    /// Called for every query, with the attack's current stage. May be empty.
    std::function<void(const std::string &stage)> alive{};

    /// The clean examples.
    Space::Points points() const {
        return {.count = batch.count,
                .x = batch.x,
                .ids = batch.ids,
                .tokens = tokens,
                .mask = batch.mask};
    }
    /// Entries of an example's mask, see spar_attack_batch.
    std::int64_t mask_size() const {
        if (batch.mask == nullptr) return 0;
        return batch.threat->space == SPAR_SPACE_SITE ? space->size() : space->shape()[0];
    }
    void set_points(const Space::Points &points) {
        batch.count = points.count;
        batch.x = points.x;
        batch.ids = points.ids;
        batch.mask = points.mask;
        tokens = points.tokens;
    }
};

/// What kind of gradient an attack got first for an example, in evaluation.
enum class FirstGradient : std::uint8_t { none, zero, other };

/// What an attack noted about an example, see spar_oracle. The last note with a code counts.
struct AttackNote {
    std::int64_t row;   /// of the batch
    std::string stage;  /// the attack's stage at that time; empty: none
    std::string code;
    double value;
};

/// The queries spent on each example, and what the attack noted.
struct QueryCount {
    std::vector<std::int64_t> forward, gradient;
    std::vector<FirstGradient> first_gradient;
    std::vector<AttackNote> notes;
    std::vector<std::string> stages;  /// in the order of announcement, once each
};

/// Writes x_adv [count, size], starting from x; in the space of tokens the result is in task.texts,
/// and x_adv null. Throws Failure if the attack fails, or if its
/// result is outside the threat model or not a number.
void run_attack(const AttackTask &task, float *x_adv, QueryCount &queries);

/// Calls the attack with no examples, so that a misfit is found before a training. `texts` holds
/// none, and is for the space of tokens. Throws like run_attack.
void rehearse_attack(const Instance &attack, Space &space, const spar_threat &threat,
                     const spar_component_ref *loss, bool classes, AttackedTexts *texts = nullptr);

}  // namespace spar::host
