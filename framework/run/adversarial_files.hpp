// adversarial/*.npz, made from an evaluation's log while the evaluation goes on.
#pragma once

#include "run/examples_log.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace spar::host {

/// The arrays of one file besides x or x_adv; one entry per evaluated example.
struct AdversarialColumns {
    std::vector<std::int64_t> labels, indices, targets;  /// labels, targets: may be empty
    std::vector<char> success;                           /// empty for the clean inputs
};

/// Writes in a thread of its own, so that writing does not slow down the computation; needs memory
/// for one example.
class AdversarialFiles {
  public:
    /// `shape` of one example. `log` must live as long as this.
    AdversarialFiles(std::filesystem::path folder, std::vector<std::int64_t> shape,
                     const ExamplesLog &log, bool compressed);
    /// Abandons the files that have not been started.
    ~AdversarialFiles();
    AdversarialFiles(const AdversarialFiles &) = delete;
    AdversarialFiles &operator=(const AdversarialFiles &) = delete;

    /// Makes `name`.npz from the log's records of an attack (-1: of the clean inputs). Rows that
    /// were not attacked contain the clean input.
    void make(const std::string &name, std::int64_t attack, AdversarialColumns columns);
    /// Flushes the log to the disk.
    void sync_log();
    /// Waits until all files are complete. Rethrows the first failure.
    void finish();

  private:
    void work();
    void write(const std::string &name, std::int64_t attack, const AdversarialColumns &columns,
               const std::vector<std::int64_t> &places) const;
    void add(std::function<void()> job);

    std::filesystem::path folder_;
    std::vector<std::int64_t> shape_;
    const ExamplesLog &log_;
    bool compressed_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    bool busy_ = false, ending_ = false;
    std::exception_ptr failure_;
    std::thread thread_;
};

}  // namespace spar::host
