// The host's threads. Work is cut by the caller, into pieces that depend on the problem alone; the
// number of threads decides only who runs which piece.
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
    /// `count` threads in all, the calling one among them. Throws Failure(Exit::resources) where
    /// the system does not start so many.
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
    std::atomic<int> busy_{0};  // workers inside the current job; changes under mutex_
    std::atomic<bool> stopping_{false};
    const bool spins_;  // with more threads than processors, a thread that waits is in the way
};

}  // namespace spar::host
