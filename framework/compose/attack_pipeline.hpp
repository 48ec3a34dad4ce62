// The pipeline that a call of `spar attack` amounts to.
#pragma once

#include "plan/plan.hpp"

#include <string>
#include <vector>

namespace spar::host {

/// What the call says; empty texts are what it leaves open.
struct AttackCall {
    std::string target;       // a file of weights or a model, a run's folder, or net.py:net
    std::string pipeline;     // whose model the weights are of
    std::string key, prefix;  // see WeightsMapPlan
    std::string data, norm, eps, aim;  // aim: what "target" of a threat may be
    std::vector<std::string> attacks;  // pgd:steps=40
    std::string examples, batch, seed;
    std::vector<Setting> settings;  // after all others
};

/// What is left open comes from the run or pipeline that the call names: data, threat, attacks. The
/// attack is auto_attack if nobody names one. Throws Failure: Exit::usage for what is missing,
/// Exit::pipeline, Exit::data.
Plan attack_plan(const AttackCall &call, const Registry &registry);

}  // namespace spar::host
