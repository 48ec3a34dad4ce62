// Which plugin's function runs, written where the process that watches over this one can read it
// (app/supervisor.hpp): a plugin that ends the process is named, and nothing ends as if all were
// well.
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

/// What two processes share: the working one writes, the watching one reads when that has ended.
struct Watched {
    /// A call by value: the working process's memory is gone by then.
    struct Copy {
        std::atomic<bool> there;
        char what[64], whom[512], place[512];
    };
    Copy main;  /// under way in the main thread
    /// What the thread was in that crashed or called exit, as far as it could tell. A thread that
    /// is none of the host's knows of no call; `stranger` says so.
    std::atomic<bool> told, stranger;
    Copy last;
    std::atomic<bool> left;  /// the host itself has ended the process, with this code
    std::atomic<int> code;
    std::atomic<bool> json, resumable;  /// of the command, for what is said at its end
    char foreign[1024];                 /// loaded plugins that are not Spar's own: "a.so, b.so"
};

/// From now on `page` tells what runs, which call a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
/// SIGABRT) or an end of the process (exit, quick_exit, _exit) came from, and whether the host
/// ended it. A crash goes on to what the system does about it. [main]
void guard_process(Watched *page);

/// The page; null where nobody watches.
Watched *watched();

/// The innermost call that is under way in this thread now.
void note_call(const Call *call);

/// A plugin that is not Spar's own has been loaded.
void note_foreign_plugin(std::string_view name);

/// A stack for the handlers of crashes, so that an overflow of this thread's own can be told.
void guard_thread();

/// In a child process that the host forks: plugins may end it, and nobody reads of it.
void unguard_process();

/// The end of a child that a plugin has forked and let return into the host; nothing elsewhere.
void end_if_forked();

/// Ends the process with this code: exit handlers and static destructors of plugins have no say.
[[noreturn]] void leave(int code);

}  // namespace spar::host
