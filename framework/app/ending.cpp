#include "app/ending.hpp"

#include "app/commands.hpp"
#include "app/output.hpp"
#include "base/failure.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace spar::host {
namespace {

/// With a stack limit below this, an overflow is blamed on the limit.
constexpr rlim_t usual_stack = 1U << 20;

/// A fault's name; empty for signals sent from outside.
std::string fault_text(int signal) {
    switch (signal) {
        case SIGSEGV:
            return "a memory access that is not allowed (SIGSEGV)";
        case SIGBUS:
            return "a memory access that is not possible (SIGBUS)";
        case SIGFPE:
            return "an arithmetic exception (SIGFPE)";
        case SIGILL:
            return "an instruction that this processor does not know (SIGILL)";
        case SIGABRT:
            return "a call of abort (SIGABRT)";
        case SIGTRAP:
            return "a breakpoint (SIGTRAP)";
        case SIGSYS:
            return "a system call that is not allowed (SIGSYS)";
        default:
            return {};
    }
}

std::string text_of(const Watched::Copy &call) {
    const std::string place(call.place, ::strnlen(call.place, sizeof call.place));
    return fmt::format("{} of {}{}{}",
                       std::string(call.what, ::strnlen(call.what, sizeof call.what)),
                       std::string(call.whom, ::strnlen(call.whom, sizeof call.whom)),
                       place.empty() ? "" : " at ", place);
}

/// Where the worker was: in which call into a plugin, as far as known.
struct Where {
    explicit Where(const Watched &page) {
        const bool knows = page.last.there, outside = page.told && !knows && !page.stranger;
        known = knows || (page.main.there && !outside);
        if (!known) return;
        call = text_of(knows ? page.last : page.main);
        text = page.told && page.stranger
                   ? fmt::format("a thread that a plugin had started, while {} ran", call)
                   : fmt::format("{}, or in a component that was given to it", call);
    }
    bool known;
    std::string call, text;
};

std::string foreign(const Watched &page) {
    return {page.foreign, ::strnlen(page.foreign, sizeof page.foreign)};
}

/// A crash can come long after its cause: names the other plugins to suspect.
std::string earlier(int signal, const Where &where, const Watched &page) {
    const std::string names = foreign(page);
    const bool of_memory = signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT;
    const bool named = where.call.find(names) != std::string::npos;
    return !of_memory || named ? ""
                               : fmt::format(
                                     "; memory that was damaged in an earlier call shows itself "
                                     "late, and of the plugins in use, {} came from elsewhere",
                                     names);
}

Failure crash(const std::string &fault, int signal, const Watched &page) {
    const Where where(page);
    rlimit stack{};
    if (signal == SIGSEGV && ::getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur < usual_stack)
        return {Exit::resources,
                fmt::format("the process crashed by {}{}{}; its stack is limited to {} KiB, which "
                            "may be too little: raise the limit (ulimit -s)",
                            fault, where.known ? " in " : "", where.text, stack.rlim_cur >> 10U)};
    if (!where.known)
        return {Exit::unexpected,
                fmt::format("unexpected, a fault of Spar itself: the process crashed by {} outside "
                            "of every call of a plugin{}",
                            fault, earlier(signal, where, page))};
    return {Exit::plugin, fmt::format("the process crashed by {} in {}{}", fault, where.text,
                                      earlier(signal, where, page))};
}

/// The host ends its process by leave(); any other exit came from a plugin.
Failure exited(const Watched &page) {
    const Where where(page);
    if (where.known)
        return {Exit::plugin, fmt::format("the process was ended in {}; a plugin returns an error "
                                          "instead of ending the process",
                                          where.text)};
    const std::string names = foreign(page);
    return {Exit::plugin,
            fmt::format("the process was ended outside of every call, by a thread or a handler of "
                        "a plugin{}{}",
                        names.empty() ? "" : "; from elsewhere came ", names)};
}

/// For a signal that no fault raises.
std::string stopped(int signal, const Watched &page) {
    const Where where(page);
    const char *const name = ::sigabbrev_np(signal);
    return fmt::format("the process was ended by the signal {}{}",
                       name != nullptr ? std::string("SIG") + name : std::to_string(signal),
                       where.known ? " while " + where.call + " ran" : "");
}

[[noreturn]] void say(const Failure &failure, const Watched &page) {
    const int code = static_cast<int>(failure.exit());
    std::string message = failure.what();
    if (page.resumable) message += "\nwhat the run had saved is there: --resume goes on";
    if (page.json) print(pretty({{"error", {{"exit", code}, {"message", message}}}}));
    complain(message);
    leave(exit_code(code));
}

/// Ends as a process without a handler does, so that the caller sees what it would have seen of the
/// worker. Any core dump is the worker's.
[[noreturn]] void die_by(int signal) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    std::signal(signal, SIG_DFL);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, signal);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::raise(signal);
    leave(128 + signal);
}

bool asked_for(int signal) {
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace

void end_as(int status, const Watched &page, bool memory_was_short) {
    if (::isatty(STDERR_FILENO) == 1) {  // the last line may show a progress bar
        constexpr std::string_view fresh_line = "\r\033[K";
        static_cast<void>(!::write(STDERR_FILENO, fresh_line.data(), fresh_line.size()));
    }
    if (WIFEXITED(status)) say(exited(page), page);
    const int signal = WTERMSIG(status);
    if (const std::string fault = fault_text(signal); !fault.empty())
        say(crash(fault, signal, page), page);
    if (signal == SIGKILL)
        say({Exit::resources,
             stopped(signal, page) + (memory_was_short
                                          ? ": the system has run out of memory meanwhile"
                                          : ": by someone, or by the system for lack of memory")},
            page);
    if (signal == SIGXCPU) say({Exit::resources, stopped(signal, page) + ": see ulimit -t"}, page);
    if (!asked_for(signal)) complain(stopped(signal, page));
    die_by(signal);
}

void refuse_to_start() {
    complain(fmt::format("the system starts no process to work in: {}", std::strerror(errno)));
    leave(static_cast<int>(Exit::resources));
}

unsigned long killed_for_memory() {
    std::ifstream counters("/proc/vmstat");
    std::string name;
    unsigned long count = 0;
    while (counters >> name >> count)
        if (name == "oom_kill") return count;
    return 0;
}

}  // namespace spar::host
