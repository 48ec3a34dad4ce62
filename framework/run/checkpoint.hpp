// A checkpoint: one safetensors file that holds everything a run of training is made of.
#pragma once

#include "run/train.hpp"

namespace spar::host {

/// `components`: the result of saved_states() between two steps.
void save_checkpoint(const TrainingTask &task, const TrainingState &state,
                     const ComponentStates &components);

/// Restores the run to where the checkpoint was saved, and returns what it was made with (see
/// same_run.hpp). Throws Failure(Exit::data) if the file is damaged, Failure(Exit::pipeline) if it
/// belongs to another pipeline, and Failure(Exit::changed) if what it was made with has changed;
/// with `anyway`, the changes are recorded in the state instead.
Json load_checkpoint(const TrainingTask &task, TrainingState &state, bool anyway);

}  // namespace spar::host
