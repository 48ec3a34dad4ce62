// The course of the learning rate over a run, as the pipeline states it. run/schedule.hpp computes
// it.
#pragma once

#include <vector>

namespace spar::host {

struct Schedule {
    enum class Type { constant, step, cosine, linear, cyclic };

    Type type = Type::constant;
    double warmup_epochs = 0;          // linear rise to the full rate; not with cyclic
    std::vector<double> milestones{};  // step: epochs, each multiplies the rate by gamma
    double gamma = 0.1;                // step
    double peak = 0.4;                 // cyclic: share of the run at which the rate is full
    double final = 0;                  // cosine, linear, cyclic: factor at the end
};

}  // namespace spar::host
