// One run of a plan: its folder, its training, its evaluation, its results.
#pragma once

#include "plan/plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace spar::host {

class Registry;

struct RunOptions {
    std::filesystem::path out;  /// the run's folder; empty: runs/<name>
    int threads = 1;
    bool resume = false;   /// go on with the run in that folder
    bool anyway = false;   /// also where data, weights, plugins, host or processor changed since
    bool terminal = true;  /// standard output is for people: reporters may write there
};

struct RunOutcome {
    std::filesystem::path folder;
    std::shared_ptr<const Json> results;  /// results.json
    std::vector<std::string> missed;      /// thresholds that were missed, one sentence each
};

/// Nothing is written before the data is open and the model set up. Throws Failure.
RunOutcome run_pipeline(const Plan &plan, const Registry &registry, const RunOptions &options);

}  // namespace spar::host
