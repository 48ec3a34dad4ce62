// The evaluation of a run: every example is stored as it is completed, and the evaluation continues
// after a stop.
#pragma once

#include "run/evaluate.hpp"
#include "run/train.hpp"

namespace spar::host {

/// Where an evaluation is stored, and what it belongs to: {"pipeline", "model_sha256",
/// "made_with"}, and "changes" if there are any.
struct Keeping {
    std::filesystem::path folder;
    Json made;
    bool anyway;  /// see RunOptions
};

/// Continues with what the folder contains of this evaluation. Throws Failure(Exit::changed) if it
/// was begun with something else, unless `anyway`: then it starts anew.
EvaluationOutcome evaluate_and_keep(Network &network, const Data &data, EvaluationTask plan,
                                    const EvaluatePlan &options, Reporters &reporters,
                                    const Keeping &keeping);

/// For a run that does not train: what has changed since the evaluation in that folder was begun,
/// including what earlier resumptions found. Throws Failure(Exit::changed) if there is something
/// new, unless `anyway`.
std::vector<Change> settle_evaluation(const std::filesystem::path &folder, const Json &made_with,
                                      bool anyway);

/// The log; once written, results.json and adversarial/ contain everything in it.
std::filesystem::path log_of(const std::filesystem::path &folder);

/// The thresholds that were missed, one sentence each.
std::vector<std::string> missed_thresholds(const EvaluationOutcome &outcome,
                                           const EvaluatePlan &plan);

}  // namespace spar::host
