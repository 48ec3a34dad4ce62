// The folder that a run writes: docs/run-folder.md says what is in it.
#pragma once

#include "config/json.hpp"

#include <filesystem>

namespace spar::host {

/// Refuses a folder that holds anything but, to go on with, the run of this very plan. Throws
/// Failure.
void check_run_folder(const std::filesystem::path &folder, const Json &plan, bool resume);

/// A run's folder in use: while it lives, no other process runs there.
class RunFolder {
  public:
    /// Makes the folder with those in it, and writes the plan. Throws Failure, also when another
    /// process runs there.
    RunFolder(const std::filesystem::path &folder, const Json &plan);
    ~RunFolder();
    RunFolder(const RunFolder &) = delete;
    RunFolder &operator=(const RunFolder &) = delete;

  private:
    int lock_;
};

}  // namespace spar::host
