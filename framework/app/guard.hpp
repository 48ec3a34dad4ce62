// Records which plugin's function is running where the supervising process can read it
// (app/supervisor.hpp), so that a plugin that ends the process is named, and no such end passes for
// a normal one.
#pragma once

#include "plugins/calls.hpp"

#include <atomic>
#include <string_view>

namespace spar::host {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPAR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPAR_SANITIZED 1
#endif
#endif

/// Shared by two processes: the worker writes, the supervisor reads once the worker has ended.
struct Watched {
    /// A call, by value: the worker's memory is gone by then.
    struct Copy {
        std::atomic<bool> there;
        char what[64], whom[512], place[512];
    };
    Copy main;  /// in progress in the main thread
    /// The call in progress in the thread that crashed or called exit, as far as known. A thread
    /// not started by the host has none; `stranger` says so.
    std::atomic<bool> told, stranger;
    Copy last;
    std::atomic<bool> left;  /// the host itself has ended the process, with this code
    std::atomic<int> code;
    std::atomic<bool> json, resumable;  /// of the command, for the message at its end
    char foreign[1024];                 /// loaded plugins that are not Spar's own: "a.so, b.so"
};

/// From now on `page` records what is running, which call a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
/// SIGABRT) or an exit (exit, quick_exit, _exit) came from, and whether the host ended the process.
/// A crash is then left to the system's default. [main]
void guard_process(Watched *page);

/// The page; null if there is no supervisor.
Watched *watched();

/// The innermost call in progress in this thread.
void note_call(const Call *call);

/// A plugin that is not Spar's own has been loaded.
void note_foreign_plugin(std::string_view name);

/// A stack for crash handlers, so that an overflow of this thread's own stack can be reported.
void guard_thread();

/// For a child process that the host forks: plugins may end it, and nothing is recorded.
void unguard_process();

/// Ends a child that a plugin forked and let return into the host; does nothing in other processes.
void end_if_forked();

/// Ends the process with this code, without running plugins' exit handlers and static destructors.
[[noreturn]] void leave(int code);

}  // namespace spar::host
