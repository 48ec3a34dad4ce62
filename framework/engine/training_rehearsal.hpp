// One step of a pipeline's training without its data and its model, to find parts that do not fit
// before anything is read.
#pragma once

#include "engine/stand_in.hpp"
#include "plan/plan.hpp"

namespace spar::host {

/// Lets the plan's method, loss and optimizer take one step on a stand-in for the model and on
/// examples like these. Throws Failure as the start of the training would. Exit::pipeline means
/// that the pipeline is refused; any other failure may be due to the stand-ins.
void rehearse_training(const Plan &plan, const Builder &builder, const StandInExamples &like);

}  // namespace spar::host
