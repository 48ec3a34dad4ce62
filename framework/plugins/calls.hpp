// Which plugin's function runs in a thread, so that a plugin that ends the process is named, and
// the process never ends as if all were well.
#pragma once

namespace spar::host {

/// A call that the host makes into a plugin. The texts must outlive it.
struct Call {
    const char *what;   /// "perturb"
    const char *whom;   /// attack "pgd" of the plugin pgd.so
    const char *place;  /// "#/evaluate/attacks/0"; empty: none
};

/// The innermost call under way in this thread; null: none.
const Call *current_call();

/// Marks a call while it lives. In a worker of parallel work: the call that the work belongs to.
class Calling {
  public:
    explicit Calling(const Call *call);
    ~Calling();
    Calling(const Calling &) = delete;
    Calling &operator=(const Calling &) = delete;

  private:
    const Call *outer_;
};

/// From now on a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) and an end of the process (exit,
/// quick_exit, _exit) inside of a call say which call it was, and end with Exit::plugin. [main],
/// whose own call counts for threads that a plugin starts. Under a sanitizer, which has handlers of
/// its own, nothing.
void guard_process();

/// A stack for the handlers of crashes, so that an overflow of this thread's own can be told.
void guard_thread();

/// In a child process that the host forks: plugins may end it.
void unguard_process();

/// The end of a child that a plugin has forked and let return into the host; nothing elsewhere.
void end_if_forked();

/// Ends the process with this code: exit handlers and static destructors of plugins have no say.
[[noreturn]] void leave(int code);

}  // namespace spar::host
