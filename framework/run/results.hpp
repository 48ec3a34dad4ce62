// results.json: what a run found, what it ran, and with what. The format is a contract, see
// docs/run-folder.md.
#pragma once

#include "run/train.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

/// Host, plugins, data files with their hashes, threads and instruction set.
Json provenance(const Registry &registry, const Plan &plan, const std::vector<const Data *> &data,
                const Json &made_with);

/// What had changed when the run was resumed: [{"step", "what"}].
Json change_results(const std::vector<Change> &changes);

/// The text of a file: indented by two spaces, with a line end, and invalid UTF-8 replaced.
std::string json_text(const Json &json);

/// The warnings of this run, and back.
Json warning_results();
void restore_warnings(const Json &rows);

Json training_results(const TrainingState &state);

/// The figures of the clean inputs, and of one attack.
Json clean_figures(const EvaluationOutcome &outcome);
Json attack_figures(const AttackOutcome &attack);

Json evaluation_results(const EvaluationOutcome &outcome, const EvaluatePlan &plan,
                        const std::vector<PreparedAttack> &attacks);

}  // namespace spar::host
