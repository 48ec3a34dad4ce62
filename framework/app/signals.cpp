#include "app/signals.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace spar::host {
namespace {

SignalCount counts[3];  // of SIGINT, SIGTERM, SIGHUP

SignalCount &count_of(int signal) {
    return counts[signal == SIGINT ? 0 : signal == SIGTERM ? 1 : 2];
}

void on_stop(int signal, siginfo_t *info, void *) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const bool passed_on = info->si_code == SI_QUEUE && info->si_pid == ::getppid();
    const pid_t sender = passed_on                  ? info->si_value.sival_int
                         : info->si_code == SI_USER ? info->si_pid
                                                    : 0;
    const int meant = count_of(signal).heard(
        passed_on, sender, std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000);
    stop_requested = true;
    if (meant < 2) return;
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    ::raise(signal);
}

}  // namespace

std::atomic<bool> stop_requested{false};

int SignalCount::heard(bool passed_on, pid_t sender, std::int64_t now) {
    Way &way = ways_[passed_on ? 1 : 0];
    // The kernel, on behalf of a terminal, is not a sender: pressing the keys twice is meant.
    const bool again =
        sender != 0 && way.count > 0 && way.sender == sender && now - way.when < moment;
    way.sender = sender;
    way.when = now;
    if (!again) ++way.count;
    return std::max(ways_[0].count.load(), ways_[1].count.load());
}

void SignalCount::clear() {
    for (Way &way : ways_) way.count = 0;
}

StopOnSignal::StopOnSignal() {
    stop_requested = false;
    struct sigaction action {};
    action.sa_sigaction = on_stop;
    action.sa_flags = SA_SIGINFO;
    for (Replaced &r : replaced_) {
        count_of(r.signal).clear();
        ::sigaction(r.signal, nullptr, &r.before);
        if (r.before.sa_handler != SIG_IGN) ::sigaction(r.signal, &action, nullptr);
    }
}

StopOnSignal::~StopOnSignal() {
    // The signal that asked for the stop may arrive again by the other route, even after everything
    // is saved.
    for (const Replaced &r : replaced_)
        if (!count_of(r.signal).any()) ::sigaction(r.signal, &r.before, nullptr);
}

}  // namespace spar::host
