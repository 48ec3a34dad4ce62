// Which loss is made to grow, in training, in validation and in evaluations. The attack's own
// counts. Without one it is in training the method's, else the training loss; but one that compares
// with clean outputs is no single point's, and then it is the loss that evaluations attack on such
// data. In validation and evaluations it is the one of attacked_loss().
#pragma once

#include "instances/instance.hpp"
#include "plan/plan.hpp"

#include <optional>

namespace spar::host {

/// What attacks in validation and evaluations make grow without a loss of their own.
struct Attacked {
    Node loss;           /// null: none that is installed
    std::string source;  /// "#/evaluate/loss"
};

/// `training_loss` may be null.
Attacked attacked_loss(const Plan &plan, const Instance *training_loss, bool classes);

/// The loss that crafting follows without one of the attack's or the method's own; null: the
/// training loss.
std::unique_ptr<Instance> crafting_loss(const Builder &builder, const Plan &plan,
                                        const Instance &training_loss, bool classes);

/// What a method or an attack makes grow.
struct Crafting {
    std::string pointer;  /// of the method that crafts by itself, or of the attack
    std::string loss;     /// "cross_entropy"
    std::string source;   /// whose loss it is: "the training loss"
};

/// All of them: those of training from the outside in, then that of validation, then those of the
/// evaluation in their order. Without `classes` nobody knows yet what the data holds. Warns the
/// author of a pipeline of version 1 where it was the training loss then. Throws Failure where the
/// training loss cannot be built.
std::vector<Crafting> crafting_of(const Plan &plan, const Registry &registry,
                                  std::optional<bool> classes = {});

/// "#/train/method/attack crafts with cross_entropy (the training loss)"
std::string sentence(const Crafting &crafting);
Json to_json(const Crafting &crafting);
Json to_json(const std::vector<Crafting> &all);

/// The plan as people are shown it, with what crafts by what under "$crafting".
Json shown_plan(const Plan &plan, const std::vector<Crafting> &crafting);

}  // namespace spar::host
