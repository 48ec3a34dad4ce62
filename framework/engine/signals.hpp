// While it lives, SIGINT, SIGTERM and SIGHUP ask the run to stop; a second of the same ends the
// process. A signal that the caller has ignored (nohup) stays ignored.
#pragma once

#include "engine/attacker.hpp"

#include <csignal>

namespace spar::host {

class StopOnSignal {
  public:
    StopOnSignal() {
        stop_requested = false;
        struct sigaction action {};
        action.sa_handler = [](int) { stop_requested = true; };
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        for (Replaced &r : replaced_) {
            ::sigaction(r.signal, nullptr, &r.before);
            if (r.before.sa_handler != SIG_IGN) ::sigaction(r.signal, &action, nullptr);
        }
    }
    ~StopOnSignal() {
        for (const Replaced &r : replaced_) ::sigaction(r.signal, &r.before, nullptr);
    }
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
