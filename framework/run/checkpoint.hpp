// A checkpoint: one safetensors file that holds everything a run of training is made of.
#pragma once

#include "run/train.hpp"

namespace spar::host {

/// `components`: what saved_states() says between two steps.
void save_checkpoint(const TrainingTask &task, const TrainingState &state,
                     const ComponentStates &components);

/// Puts the run back where the checkpoint was saved, and tells what it was made with (see
/// same_run.hpp). Throws Failure(Exit::data) when the file is not sound, Failure(Exit::pipeline)
/// when it is of another pipeline, and Failure(Exit::changed) when what it was made with has
/// changed; with `anyway`, the changes are recorded in the state instead.
Json load_checkpoint(const TrainingTask &task, TrainingState &state, bool anyway);

}  // namespace spar::host
