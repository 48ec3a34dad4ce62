#include "app/guard.hpp"

#include "base/failure.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>

namespace spar::host {
namespace {

constexpr int plugin_failed = static_cast<int>(Exit::plugin);

Watched *page = nullptr;
pthread_t main_thread;
std::atomic<bool> forked{false};

[[noreturn]] void end_now(int code) {
    ::syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

bool in_main_thread() {
    return ::pthread_equal(::pthread_self(), main_thread) != 0;
}

template <std::size_t size>
void copy_text(char (&to)[size], const char *from) {
    const std::size_t length = ::strnlen(from, size - 1);
    std::memcpy(to, from, length);
    to[length] = '\0';
}

/// Allocates nothing, so that a signal handler may call it. Not `there` while it is being written.
void write_down(Watched::Copy &copy, const Call *from) {
    copy.there.store(false, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (from == nullptr) return;
    copy_text(copy.what, from->what);
    copy_text(copy.whom, from->whom);
    copy_text(copy.place, from->place);
    copy.there.store(true, std::memory_order_release);
}

/// Writes texts one by one, for places where nothing may be allocated.
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

#if !defined(SPAR_SANITIZED)

/// The first thread that ends the process records what it was in.
void tell() {
    if (page == nullptr || forked || page->told.exchange(true)) return;
    page->stranger = current_call() == nullptr && !in_main_thread();
    write_down(page->last, current_call());
}

void on_crash(int signal) {
    tell();
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(signal, &standard, nullptr);
    ::raise(signal);  // noted by the time this returns
}

void on_exit() {
    if (page == nullptr || forked) return;
    tell();
    end_now(plugin_failed);
}

#endif

}  // namespace

void note_call(const Call *call) {
    if (page != nullptr && in_main_thread()) write_down(page->main, call);
}

void guard_process(Watched *shared) {
#if !defined(SPAR_SANITIZED)
    main_thread = ::pthread_self();
    page = shared;
    // A child that a plugin forks sees the same page, but must not write to it.
    ::pthread_atfork(nullptr, nullptr, [] {
        forked = true;
        page = nullptr;
    });
    std::atexit(on_exit);
    std::at_quick_exit(on_exit);
    guard_thread();
    struct sigaction action {};
    action.sa_handler = on_crash;
    action.sa_flags = SA_ONSTACK;
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
        ::sigaction(signal, &action, nullptr);
#else
    static_cast<void>(shared);
#endif
}

Watched *watched() {
    return page;
}

void note_foreign_plugin(std::string_view name) {
    if (page == nullptr) return;
    const std::size_t used = ::strnlen(page->foreign, sizeof page->foreign - 1);
    const char *comma = used > 0 ? ", " : "";
    std::snprintf(page->foreign + used, sizeof page->foreign - used, "%s%.*s", comma,
                  static_cast<int>(name.size()), name.data());
}

void guard_thread() {
#if !defined(SPAR_SANITIZED)
    if (page == nullptr) return;
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
    page = nullptr;
    forked = false;
}

void end_if_forked() {
    if (!forked) return;
    if (const Call *const call = current_call())
        say({"error: a child process was forked in ", call->what, " of ", call->whom,
             *call->place != '\0' ? " at " : "", call->place,
             " and came back from it; it ends here, the run goes on in its parent\n"});
    end_now(plugin_failed);
}

void leave(int code) {
    std::fflush(nullptr);
    if (page != nullptr) {
        page->code = code;
        page->left = true;
    }
#if defined(SPAR_SANITIZED)
    std::exit(code);  // sanitizers report their findings then
#else
    end_now(code);
#endif
}

}  // namespace spar::host

#if !defined(SPAR_SANITIZED)
// Every loaded plugin finds these before the C library's own: no exit handler and no static
// destructor runs while other threads are still at work. Calls from inside the C library are caught
// by on_exit.
namespace {

/// The C library's own, for processes that are not watched.
[[noreturn]] void standard_end(const char *name, int code) {
    if (spar::host::forked) std::fflush(nullptr);
    if (!spar::host::forked)
        if (void *const function = ::dlsym(RTLD_NEXT, name))
            reinterpret_cast<void (*)(int)>(function)(code);
    spar::host::end_now(code);
}

}  // namespace

extern "C" __attribute__((visibility("default"), noreturn)) void exit(int code) noexcept {
    spar::host::on_exit();
    standard_end("exit", code);
}
extern "C" __attribute__((visibility("default"), noreturn)) void quick_exit(int code) noexcept {
    spar::host::on_exit();
    standard_end("quick_exit", code);
}
extern "C" __attribute__((visibility("default"), noreturn)) void _exit(int code) {
    spar::host::on_exit();
    spar::host::end_now(code);
}
extern "C" __attribute__((visibility("default"), noreturn)) void _Exit(int code) noexcept {
    spar::host::on_exit();
    spar::host::end_now(code);
}
#endif
