// The evaluation of a run: every example kept as it is done, and gone on with after a stop.
#pragma once

#include "engine/evaluate.hpp"

namespace spar::host {

/// Where an evaluation is kept, and what it belongs to: {"pipeline", "model_sha256", "made_with"}.
struct Keeping {
    std::filesystem::path folder;
    Json made;
    bool anyway;  /// see RunOptions
};

/// Goes on with what the folder holds of this very evaluation. Throws Failure(Exit::changed) where
/// it was begun with something else, unless `anyway`: then it begins anew.
EvaluationOutcome evaluate_and_keep(Network &network, const Data &data, EvaluationPlan plan,
                                    const EvaluatePlan &options, Reporters &reporters,
                                    const Keeping &keeping);

/// The log; its content stands in results.json and adversarial/ once these are written.
std::filesystem::path log_of(const std::filesystem::path &folder);

/// Thresholds that were missed, one sentence each.
std::vector<std::string> missed_thresholds(const EvaluationOutcome &outcome,
                                           const EvaluatePlan &plan);

}  // namespace spar::host
