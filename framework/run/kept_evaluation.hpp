// The evaluation of a run: every example kept as it is done, and gone on with after a stop.
#pragma once

#include "run/evaluate.hpp"
#include "run/train.hpp"

namespace spar::host {

/// Where an evaluation is kept, and what it belongs to: {"pipeline", "model_sha256", "made_with"},
/// and "changes" where there are any.
struct Keeping {
    std::filesystem::path folder;
    Json made;
    bool anyway;  /// see RunOptions
};

/// Goes on with what the folder holds of this very evaluation. Throws Failure(Exit::changed) where
/// it was begun with something else, unless `anyway`: then it begins anew.
EvaluationOutcome evaluate_and_keep(Network &network, const Data &data, EvaluationTask plan,
                                    const EvaluatePlan &options, Reporters &reporters,
                                    const Keeping &keeping);

/// What is another than when the evaluation in that folder was begun, of a run that does not train;
/// what earlier resumptions found stays. Throws Failure(Exit::changed) where there is something
/// new, unless `anyway`.
std::vector<Change> settle_evaluation(const std::filesystem::path &folder, const Json &made_with,
                                      bool anyway);

/// The log; its content stands in results.json and adversarial/ once these are written.
std::filesystem::path log_of(const std::filesystem::path &folder);

/// Thresholds that were missed, one sentence each.
std::vector<std::string> missed_thresholds(const EvaluationOutcome &outcome,
                                           const EvaluatePlan &plan);

}  // namespace spar::host
