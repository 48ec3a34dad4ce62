// The folder that a run writes; docs/run-folder.md describes its content.
#pragma once

#include "base/json.hpp"

#include <filesystem>

namespace spar::host {

/// A run's folder in use: while an object lives, no other process can run there.
class RunFolder {
  public:
    /// Locks the folder, then looks at its content: it must be empty or, with `resume`, contain the
    /// run of this pipeline. A missing one is created. Throws Failure.
    RunFolder(std::filesystem::path folder, const Json &plan, bool resume);
    /// Removes a folder that was created in vain.
    ~RunFolder();
    RunFolder(const RunFolder &) = delete;
    RunFolder &operator=(const RunFolder &) = delete;

    /// Removes what a killed run left half-written, creates the folders inside, and writes the plan
    /// as `shown`.
    void begin(const Json &shown) const;

    const std::filesystem::path &path() const { return folder_; }

  private:
    void lock();
    void store_entries() const;
    void check(bool resume) const;

    std::filesystem::path folder_;
    const Json &plan_;
    int lock_ = -1;
    std::filesystem::path made_;  // the outermost folder created here
};

}  // namespace spar::host
