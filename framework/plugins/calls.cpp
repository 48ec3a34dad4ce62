#include "plugins/calls.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SPAR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SPAR_SANITIZED 1
#endif
#endif

namespace spar::host {
namespace {

/// As Exit::plugin, which stands in a folder after this one.
constexpr int plugin_failed = 4;

thread_local const Call *call = nullptr;
std::atomic<const Call *> main_call{nullptr};
pthread_t main_thread;
std::atomic<bool> guarded{false};
std::atomic<bool> forked{false};

[[noreturn]] void end_now(int code) {
    ::syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

/// The call to blame for what this thread does: its own, for a plugin's thread the main one's.
const Call *blamed() {
    return call != nullptr ? call : main_call.load();
}

/// Text by text, for places where nothing may be allocated.
void say(std::initializer_list<const char *> texts) {
    for (const char *text : texts)
        for (std::size_t left = std::strlen(text); left > 0;) {
            const ssize_t count = ::write(STDERR_FILENO, text, left);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return;
            text += count;
            left -= static_cast<std::size_t>(count);
        }
}

void say_where(const Call &where) {
    const bool place = *where.place != '\0';
    say({where.what, " of ", where.whom, place ? " at " : "", where.place});
}

#if !defined(SPAR_SANITIZED)

const char *signal_text(int signal) {
    switch (signal) {
        case SIGSEGV:
            return "a memory access that is not allowed (SIGSEGV)";
        case SIGBUS:
            return "a memory access that is not possible (SIGBUS)";
        case SIGFPE:
            return "an arithmetic exception (SIGFPE)";
        case SIGILL:
            return "an instruction that this processor does not know (SIGILL)";
        default:
            return "a call of abort (SIGABRT)";
    }
}

/// A plugin's fault ends with the code for it; a fault of the host's own by the signal.
void on_crash(int signal) {
    if (const Call *const where = forked ? nullptr : blamed()) {
        say({"error: the process crashed by ", signal_text(signal), " in "});
        say_where(*where);
        say({", or in a component that was given to it; what the run had saved can be resumed\n"});
        end_now(plugin_failed);
    }
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    ::raise(signal);
}

void on_exit() {
    if (!guarded || forked) return;
    const Call *const where = blamed();
    if (where == nullptr) return;
    say({"error: the process was ended in "});
    say_where(*where);
    say(
        {", or in a component that was given to it; a plugin returns an error instead of calling "
         "exit\n"});
    end_now(plugin_failed);
}

#endif

}  // namespace

const Call *current_call() {
    return call;
}

Calling::Calling(const Call *now) : outer_(call) {
    call = now;
    if (guarded && ::pthread_equal(::pthread_self(), main_thread) != 0) main_call = now;
}

Calling::~Calling() {
    call = outer_;
    if (guarded && ::pthread_equal(::pthread_self(), main_thread) != 0) main_call = outer_;
}

void guard_process() {
#if !defined(SPAR_SANITIZED)
    main_thread = ::pthread_self();
    guarded = true;
    ::pthread_atfork(nullptr, nullptr, [] { forked = true; });
    std::atexit(on_exit);
    std::at_quick_exit(on_exit);
    guard_thread();
    struct sigaction action {};
    action.sa_handler = on_crash;
    action.sa_flags = SA_ONSTACK;
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
        ::sigaction(signal, &action, nullptr);
#endif
}

void guard_thread() {
#if !defined(SPAR_SANITIZED)
    constexpr std::size_t size = 64U << 10;
    thread_local std::unique_ptr<char[]> memory;
    if (memory) return;
    memory.reset(new (std::nothrow) char[size]);
    if (!memory) return;
    stack_t stack{};
    stack.ss_sp = memory.get();
    stack.ss_size = size;
    ::sigaltstack(&stack, nullptr);
#endif
}

void unguard_process() {
    guarded = false;
    forked = false;
    call = nullptr;
    main_call = nullptr;
}

void end_if_forked() {
    if (!forked) return;
    if (const Call *const where = blamed()) {
        say({"error: a child process was forked in "});
        say_where(*where);
        say({" and came back from it; it ends here, the run goes on in its parent\n"});
    }
    end_now(plugin_failed);
}

void leave(int code) {
    std::fflush(nullptr);
#if defined(SPAR_SANITIZED)
    std::exit(code);  // what a sanitizer found is told then
#else
    end_now(code);
#endif
}

}  // namespace spar::host

#if !defined(SPAR_SANITIZED)
// Found here before the C library's own by every plugin that is loaded.
extern "C" __attribute__((visibility("default"), noreturn)) void _exit(int code) {
    spar::host::on_exit();
    spar::host::end_now(code);
}
extern "C" __attribute__((visibility("default"), noreturn)) void _Exit(int code) {
    spar::host::on_exit();
    spar::host::end_now(code);
}
#endif
