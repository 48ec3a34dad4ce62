// results.json: what a run found, what it ran, and with what. The format is a contract, see
// docs/run-folder.md.
#pragma once

#include "engine/train.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

/// Host, plugins, data files with their hashes, threads and instruction set.
Json provenance(const Registry &registry, const Plan &plan, const std::vector<const Data *> &data);

/// The warnings of this run, and back.
Json warning_results();
void restore_warnings(const Json &rows);

Json training_results(const TrainingState &state);

Json evaluation_results(const EvaluationOutcome &outcome, const EvaluatePlan &plan,
                        const std::vector<PreparedAttack> &attacks);

}  // namespace spar::host
