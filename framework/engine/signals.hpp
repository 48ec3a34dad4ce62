// While it lives, SIGINT and SIGTERM ask the run to stop; a second one ends the process.
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
        ::sigaction(SIGINT, &action, &interrupt_);
        ::sigaction(SIGTERM, &action, &terminate_);
    }
    ~StopOnSignal() {
        ::sigaction(SIGINT, &interrupt_, nullptr);
        ::sigaction(SIGTERM, &terminate_, nullptr);
    }
    StopOnSignal(const StopOnSignal &) = delete;
    StopOnSignal &operator=(const StopOnSignal &) = delete;

  private:
    struct sigaction interrupt_ {
    }, terminate_{};
};

}  // namespace spar::host
