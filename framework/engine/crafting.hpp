// Which loss is increased in training, in validation and in evaluations. The attack's own loss
// comes first. Without one, training uses the method's, or else the training loss; but a loss that
// compares with clean outputs is not defined at a single point, so then it uses the loss that
// evaluations attack on such data. Validation and evaluations use that of attacked_loss().
#pragma once

#include "instances/instance.hpp"
#include "plan/plan.hpp"

#include <optional>

namespace spar::host {

/// What attacks without a loss of their own increase in validation and evaluations.
struct Attacked {
    Node loss;           /// null: no such loss is installed
    std::string source;  /// "#/evaluate/loss"
};

/// `training_loss` may be null.
Attacked attacked_loss(const Plan &plan, const Instance *training_loss, bool classes);

/// The loss that crafting increases if neither attack nor method has its own; null: the training
/// loss.
std::unique_ptr<Instance> crafting_loss(const Builder &builder, const Plan &plan,
                                        const Instance &training_loss, bool classes);

/// What a method or an attack increases.
struct Crafting {
    std::string pointer;  /// of the method, if it crafts without an attack, or of the attack
    std::string loss;     /// "cross_entropy"
    std::string source;   /// whose loss it is: "the training loss"
};

/// All of them: those of training from the outside in, then that of validation, then those of the
/// evaluation in their order. Without `classes` the kind of data is still unknown. Warns about a
/// pipeline of version 1 in which it was the training loss. Throws Failure if the training loss
/// cannot be built.
std::vector<Crafting> crafting_of(const Plan &plan, const Registry &registry,
                                  std::optional<bool> classes = {});

/// "#/train/method/attack crafts with cross_entropy (the training loss)"
std::string sentence(const Crafting &crafting);
Json to_json(const Crafting &crafting);
Json to_json(const std::vector<Crafting> &all);

/// The plan as shown to people, with who crafts with which loss under "$crafting".
Json shown_plan(const Plan &plan, const std::vector<Crafting> &crafting);

}  // namespace spar::host
