// Which loss crafting follows in training. The attack's own counts, else the method's, else the
// training loss; but one that compares with clean outputs is no single point's, and then it is the
// loss that evaluations attack on such data.
#pragma once

#include "config/plan.hpp"
#include "pipeline/instance.hpp"

#include <optional>

namespace spar::host {

/// The loss that crafting follows without one of the attack's or the method's own; null: the
/// training loss.
std::unique_ptr<Instance> crafting_loss(const Builder &builder, const Plan &plan,
                                        const Instance &training_loss, bool classes);

/// What a method or an attack in training makes grow.
struct Crafting {
    std::string pointer;  /// of the method, or of its attack
    std::string loss;     /// "cross_entropy"
    std::string source;   /// whose loss it is: "the training loss"
};

/// All of them, from the outside in. Without `classes` nobody knows yet what the data holds.
/// Throws Failure where the training loss cannot be built.
std::vector<Crafting> crafting_of(const Plan &plan, const Registry &registry,
                                  std::optional<bool> classes = {});

/// "#/train/method/attack crafts with cross_entropy (the training loss)"
std::string sentence(const Crafting &crafting);
Json to_json(const std::vector<Crafting> &all);

}  // namespace spar::host
