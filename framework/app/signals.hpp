// While it lives, SIGINT, SIGTERM and SIGHUP ask the run to stop; a second of the same ends the
// process. A signal that the caller has ignored (nohup) stays ignored.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace spar::host {

/// How often one signal was meant. It comes from its sender, and through the process that watches
/// over this one (app/supervisor.hpp); what is sent to the whole group, as a terminal does, comes
/// both ways and is meant once. `timeout` sends its signal to a process and to the group, so what
/// the same process sends twice within a moment is meant once too.
class SignalCount {
  public:
    /// One more has come, at this time in milliseconds; how often it was meant so far.
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

/// Set by a signal while a StopOnSignal lives, and from then on.
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
