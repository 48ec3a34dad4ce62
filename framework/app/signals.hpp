// While an object lives, SIGINT, SIGTERM and SIGHUP ask the run to stop; a second one of the same
// kind ends the process. A signal that the caller has ignored (nohup) stays ignored.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace spar::host {

/// How often one signal was meant. It arrives from its sender and through the supervisor
/// (app/supervisor.hpp): a signal to the whole group, as from a terminal, arrives both ways but is
/// meant once. `timeout` signals both a process and its group, so two signals from one process
/// within a moment also count once.
class SignalCount {
  public:
    /// Counts one more, at this time in milliseconds; returns how often it was meant so far.
    int heard(bool passed_on, pid_t sender, std::int64_t now);
    bool any() const { return ways_[0].count + ways_[1].count > 0; }
    void clear();

  private:
    static constexpr std::int64_t moment = 250;  // milliseconds
    struct Way {
        std::atomic<int> count{0};
        std::atomic<pid_t> sender{0};
        std::atomic<std::int64_t> when{0};
    };
    Way ways_[2];
};

/// Set by a signal while a StopOnSignal lives; stays set.
extern std::atomic<bool> stop_requested;

class StopOnSignal {
  public:
    StopOnSignal();
    ~StopOnSignal();
    StopOnSignal(const StopOnSignal &) = delete;
    StopOnSignal &operator=(const StopOnSignal &) = delete;

  private:
    struct Replaced {
        int signal;
        struct sigaction before {};
    };
    Replaced replaced_[3] = {{SIGINT}, {SIGTERM}, {SIGHUP}};
};

}  // namespace spar::host
