// What a run does that its author hardly intended: the host's own warnings, each a record in the
// results (see base/warnings.hpp). None of them changes a number.
#pragma once

#include "run/train.hpp"

namespace spar::host {

/// Refuses, with Failure(Exit::pipeline), thresholds for accuracies that the data does not have;
/// warns about a network that has not been trained. `own_weights`: the model brought some.
void check_evaluation(const Plan &plan, bool classes, bool own_weights);

/// More examples were asked for than there are.
void warn_of_few_examples(const std::string &place, std::int64_t asked, std::int64_t there);

/// A ball, or a step ("step_size" anywhere in `node`), as large as the box.
void warn_of_wide_ball(const spar_threat &threat, const Threat &from, const Json &node,
                       const std::string &pointer, std::span<const std::int64_t> shape);

/// Examples to evaluate or validate on that are in the training set, value for value.
void warn_of_overlap(const TrainingTask &training, const Data &test,
                     std::span<const std::int64_t> evaluated);
void warn_of_validation_overlap(const TrainingTask &training);

/// A loss that did not fall, or is NaN. Call it after the last epoch.
void warn_of_training(const TrainingState &state, const TrainPlan &plan);

/// An attack whose gradients were zero, that moved nothing, or that ended on the boundary.
void warn_of_attack(const PreparedAttack &attack, const AttackOutcome &outcome);

}  // namespace spar::host
