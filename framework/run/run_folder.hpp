// The folder that a run writes: docs/run-folder.md says what is in it.
#pragma once

#include "base/json.hpp"

#include <filesystem>

namespace spar::host {

/// A run's folder in use: while it lives, no other process runs there.
class RunFolder {
  public:
    /// Locks the folder, and only then looks at what is in it. Refuses one that holds anything but,
    /// with `resume`, the run of this pipeline; one that is not there is made. Throws Failure.
    RunFolder(std::filesystem::path folder, const Json &plan, bool resume);
    /// A folder that was made for nothing goes again.
    ~RunFolder();
    RunFolder(const RunFolder &) = delete;
    RunFolder &operator=(const RunFolder &) = delete;

    /// Clears away what a killed run left half-written, makes the folders in it, writes the plan as
    /// `shown`.
    void begin(const Json &shown) const;

    const std::filesystem::path &path() const { return folder_; }

  private:
    void lock();
    void store_entries() const;
    void check(bool resume) const;

    std::filesystem::path folder_;
    const Json &plan_;
    int lock_ = -1;
    std::filesystem::path made_;  // the outermost folder that was not there before
};

}  // namespace spar::host
