// The factor by which the learning rate of every optimizer step is multiplied.
#pragma once

#include "plan/schedule.hpp"

#include <cstdint>

namespace spar::host {

/// Let t in [0, S) be the step, n the steps of one epoch, W = warmup_epochs n, and u = (t - W) / (S
/// - W) the completed share of the run after the warm-up, 0 during the warm-up. The factor is
///
///   warmup_factor f
///
///   constant   f = 1
///   step       f = gamma^k, k the number of milestones m with t >= m n
///   cosine     f = final + (1 - final) (1 + cos(pi u)) / 2
///   linear     f = 1 + (final - 1) u
///   cyclic     with v = (t + 1) / S:  f = v / peak up to v = peak, from there down in a straight
///   line
///              to final at v = 1 (Smith 2017; Wong et al. 2020 train so, peak 0.4)
double schedule_factor(const Schedule &schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t steps_per_epoch);

/// The share of a quantity that rises linearly over the first epochs: min(1, (t + 1) / W), and 1 if
/// W = 0.
double warmup_factor(double warmup_epochs, std::int64_t step, std::int64_t steps_per_epoch);

}  // namespace spar::host
