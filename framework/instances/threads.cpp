#include "instances/threads.hpp"

#include "base/embedder.hpp"
#include "base/failure.hpp"
#include "instances/guarded.hpp"
#include "instances/processors.hpp"
#include "plugins/calls.hpp"

#include <fmt/format.h>
#include <chrono>
#include <system_error>

namespace spar::host {
namespace {
thread_local bool inside_task = false;

// Passes follow one another within microseconds, and waking a thread takes longer.
constexpr auto spin_time = std::chrono::microseconds(200);

/// Busy-waits for a while.
template <class Ready>
void spin_until(Ready ready) {
    const auto give_up = std::chrono::steady_clock::now() + spin_time;
    while (!ready() && std::chrono::steady_clock::now() < give_up) __builtin_ia32_pause();
}
}  // namespace

struct Threads::Job {
    std::int64_t pieces;
    spar_task task;
    void *context;
    const Call *call;  // the call that the work belongs to
    std::atomic<std::int64_t> next{0};
    std::mutex mutex{};
    std::int64_t failed_piece = -1;  // the first in order; guarded by mutex
    spar_status status = SPAR_OK;
    spar_error error = empty_error();
};

Threads::Threads(int count) : spins_(count <= processors()) {
    try {
        for (int i = 1; i < count; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error &error) {
        const std::size_t started = workers_.size() + 1;
        stop();
        throw Failure(Exit::resources,
                      fmt::format("the system starts no more than {} of {} threads ({}); ask for "
                                  "fewer with --threads",
                                  started, count, error.code().message()));
    }
}

Threads::~Threads() {
    stop();
}

void Threads::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        ++generation_;
    }
    wake_.notify_all();
    for (std::thread &worker : workers_) worker.join();
    workers_.clear();
}

void Threads::take_pieces(Job &job) {
    const Calling calling(job.call);
    inside_task = true;
    for (;;) {
        const std::int64_t piece = job.next.fetch_add(1, std::memory_order_relaxed);
        if (piece >= job.pieces) break;
        spar_error error = empty_error();
        const spar_status status =
            guarded_piece(&error, [&](spar_error *e) { return job.task(job.context, piece, e); });
        if (status == SPAR_OK) continue;
        const std::lock_guard lock(job.mutex);
        if (job.failed_piece < 0 || piece < job.failed_piece) {
            job.failed_piece = piece;
            job.status = status;
            job.error = error;
        }
    }
    inside_task = false;
}

void Threads::work() {
    embedder().thread_begun();
    std::uint64_t seen = 0;
    while (!stopping_) {
        if (spins_) spin_until([&] { return generation_.load(std::memory_order_acquire) != seen; });
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        seen = generation_.load();
        if (job_ == nullptr) continue;
        Job &job = *job_;
        ++busy_;
        lock.unlock();
        take_pieces(job);
        lock.lock();
        if (--busy_ == 0) finished_.notify_one();
    }
}

spar_status Threads::run(std::int64_t pieces, spar_task task, void *context, spar_error *error) {
    if (inside_task || workers_.empty() || pieces <= 1) {
        // Runs in order, so the first failure to occur has the lowest index.
        for (std::int64_t piece = 0; piece < pieces; ++piece)
            if (const spar_status status =
                    guarded_piece(error, [&](spar_error *e) { return task(context, piece, e); });
                status != SPAR_OK)
                return status;
        return SPAR_OK;
    }
    Job job{.pieces = pieces, .task = task, .context = context, .call = current_call()};
    {
        const std::lock_guard lock(mutex_);
        job_ = &job;
        generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    take_pieces(job);
    {
        const std::lock_guard lock(mutex_);
        job_ = nullptr;
    }
    if (spins_) spin_until([&] { return busy_.load(std::memory_order_acquire) == 0; });
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return busy_ == 0; });
    if (job.status != SPAR_OK) return fill(error, job.status, job.error.message, job.error.pointer);
    return SPAR_OK;
}

}  // namespace spar::host
