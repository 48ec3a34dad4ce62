#include "app/supervisor.hpp"

#include "app/ending.hpp"
#include "app/guard.hpp"
#include "app/output.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>

namespace spar::host {
namespace {

#if defined(SPAR_SANITIZED)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// Signals from outside, which are passed on. Faults belong to the process in which they occur.
sigset_t signals_of_others() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
        ::sigdelset(&set, fault);
    return set;
}

/// Includes the sender, so that one signal to the whole group is not taken for two
/// (app/signals.hpp).
void pass_on(pid_t worker, const siginfo_t &signal) {
    sigval sender{};
    sender.sival_int = signal.si_code == SI_USER ? signal.si_pid : 0;
    ::sigqueue(worker, signal.si_signo, sender);
}

/// Whether our shell should see us stop.
bool stopped_by_terminal(int status) {
    if (!WIFSTOPPED(status)) return false;
    const int signal = WSTOPSIG(status);
    return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Waits until the worker has ended; returns its status.
int wait_for(pid_t worker, const sigset_t &passed_on) {
    for (;;) {
        siginfo_t signal;
        if (::sigwaitinfo(&passed_on, &signal) < 0) continue;
        if (signal.si_signo != SIGCHLD) {
            pass_on(worker, signal);
            continue;
        }
        int status = 0;
        while (::waitpid(worker, &status, WNOHANG | WUNTRACED) == worker) {
            if (WIFEXITED(status) || WIFSIGNALED(status)) return status;
            if (stopped_by_terminal(status)) ::kill(::getpid(), SIGSTOP);
        }
    }
}

Watched *shared_page() {
    void *memory =
        ::mmap(nullptr, sizeof(Watched), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? new (memory) Watched{} : nullptr;
}

}  // namespace

void supervise() {
    if (sanitized || std::getenv("SPAR_ONE_PROCESS") != nullptr) return;
    const unsigned long killed_before = killed_for_memory();
    // If this were ignored, as some callers leave it, we would not learn of a child's end.
    std::signal(SIGCHLD, SIG_DFL);
    const sigset_t passed_on = signals_of_others();
    sigset_t before;
    ::sigprocmask(SIG_BLOCK, &passed_on, &before);
    Watched *const page = shared_page();
    const pid_t here = ::getpid(), worker = page != nullptr ? ::fork() : -1;
    if (worker < 0) {
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        refuse_to_start();
    }
    if (worker == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != here) leave(1);  // it was killed before that
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        guard_process(page);
        return;
    }
    const int status = wait_for(worker, passed_on);
    if (WIFEXITED(status) && page->left && page->code == WEXITSTATUS(status)) leave(page->code);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    end_as(status, *page, killed_for_memory() > killed_before);
}

}  // namespace spar::host
