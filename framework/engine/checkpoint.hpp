// A checkpoint: one safetensors file that holds everything a run of training is made of.
#pragma once

#include "engine/train.hpp"

namespace spar::host {

void save_checkpoint(const TrainingTask &task, const TrainingState &state);

/// Puts the run back where the checkpoint was saved. Throws Failure(Exit::data) when the file is
/// not sound, Failure(Exit::pipeline) when it is of another pipeline.
void load_checkpoint(const TrainingTask &task, TrainingState &state);

}  // namespace spar::host
