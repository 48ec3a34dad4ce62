// Reports an evaluation to the reporters as it proceeds: the numbers of results.json, each as soon
// as it is known. docs/run-folder.md lists the events.
#pragma once

#include "run/evaluate.hpp"

namespace spar::host {

/// The number of examples, then the figures of the clean inputs, then "clean_end".
void announce_clean(Reporters &reporters, const EvaluationOutcome &outcome,
                    const std::vector<PreparedAttack> &attacks);

/// The figures of one attack and of its stages, then "attack_end".
void announce_attack(Reporters &reporters, const AttackOutcome &attack);

}  // namespace spar::host
