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
    bool resume = false;   /// resume the run in that folder
    bool anyway = false;   /// even if data, weights, plugins, host or processor have changed since
    bool terminal = true;  /// standard output is read by people: reporters may write there
};

struct RunOutcome {
    std::filesystem::path folder;
    std::shared_ptr<const Json> results;  /// results.json
    std::vector<std::string> missed;      /// the missed thresholds, one sentence each
};

/// Nothing is written before the data is open and the model set up. Throws Failure.
RunOutcome run_pipeline(const Plan &plan, const Registry &registry, const RunOptions &options);

}  // namespace spar::host
