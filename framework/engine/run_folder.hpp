// The folder that a run writes: docs/run-folder.md says what is in it.
#pragma once

#include "config/json.hpp"

#include <filesystem>

namespace spar::host {

/// Refuses a folder that holds anything but, to go on with, the run of this very plan. Throws
/// Failure.
void check_run_folder(const std::filesystem::path &folder, const Json &plan, bool resume);

/// Makes the folder with those in it, and writes the plan.
void create_run_folder(const std::filesystem::path &folder, const Json &plan);

}  // namespace spar::host
