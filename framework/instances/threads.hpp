// The host's threads. The caller splits the work into pieces that depend on the problem alone; the
// number of threads decides only which thread runs which piece.
#pragma once

#include <spar/abi.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace spar::host {

class Threads {
  public:
    /// `count` threads including the calling one. Throws Failure(Exit::resources) if the system
    /// does not start that many.
    explicit Threads(int count);
    ~Threads();
    Threads(const Threads &) = delete;
    Threads &operator=(const Threads &) = delete;

    int count() const { return static_cast<int>(workers_.size()) + 1; }

    /// As spar_host.parallel_for.
    spar_status run(std::int64_t pieces, spar_task task, void *context, spar_error *error);

  private:
    struct Job;
    void work();
    void stop();
    static void take_pieces(Job &job);

    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_, finished_;
    std::atomic<std::uint64_t> generation_{0};
    Job *job_ = nullptr;        // guarded by mutex_
    std::atomic<int> busy_{0};  // workers in the current job; guarded by mutex_
    std::atomic<bool> stopping_{false};
    const bool spins_;  // false with more threads than processors: busy-waiting would block the
                        // others
};

}  // namespace spar::host
