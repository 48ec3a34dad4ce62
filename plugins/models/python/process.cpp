#include "process.hpp"

#include <spar/error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

extern char **environ;

namespace python {
namespace {

constexpr std::size_t most_lines = 12, longest_line = 240, longest_words = 600;

/// Runs in the child: calls that are safe after a fork of a process with threads, and no other.
[[noreturn]] void become(char *const *arguments, const std::vector<int> &files, int output,
                         pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);  // it has died already
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGUSR1}) {
        struct sigaction usual {};
        usual.sa_handler = SIG_DFL;
        ::sigaction(number, &usual, nullptr);
    }
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
#ifdef SYS_close_range
    constexpr unsigned on_exec = 4;  // CLOSE_RANGE_CLOEXEC: files of the host that are not its own
    ::syscall(SYS_close_range, 3U, ~0U, on_exec);
#endif
    for (const int file : files) ::fcntl(file, F_SETFD, 0);
    ::execve(arguments[0], arguments, environ);
    ::_exit(127);
}

}  // namespace

std::string find_program(const std::string &name) {
    if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : "";
    const char *const path = std::getenv("PATH");
    std::string folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!folders.empty()) {
        const std::size_t end = std::min(folders.find(':'), folders.size());
        const std::string file = (end > 0 ? folders.substr(0, end) : ".") + "/" + name;
        if (::access(file.c_str(), X_OK) == 0) return file;
        folders.erase(0, end + 1);
    }
    return "";
}

Process::Process(const std::vector<std::string> &words, const std::vector<int> &files, Line line)
    : line_(std::move(line)) {
    std::vector<std::string> copy = words;
    std::vector<char *> arguments;
    for (std::string &word : copy) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw spar::Error(SPAR_E_INTERNAL, std::string("no pipe: ") + std::strerror(errno));
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(arguments.data(), files, ends[1], parent);
    const int why = errno;
    ::close(ends[1]);
    output_ = ends[0];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    if (pid_ > 0) return;
    ::close(output_);
    throw spar::Error(SPAR_E_MEMORY, std::string("no process for Python: ") + std::strerror(why));
}

Process::~Process() {
    end(0);
    ::close(output_);
}

void Process::listen() {
    char block[4096];
    for (;;) {
        const ssize_t count = ::read(output_, block, sizeof block);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        unfinished_.append(block, static_cast<std::size_t>(count));
        for (std::size_t end; (end = unfinished_.find('\n')) != std::string::npos;) {
            take_line(unfinished_.substr(0, end));
            unfinished_.erase(0, end + 1);
        }
        if (unfinished_.size() > sizeof block) take_line(std::exchange(unfinished_, ""));
    }
}

void Process::take_line(std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) return;
    line_(line);
    if (line.find("File \"<string>\"") != std::string::npos) return;  // the runner's own frames
    if (line.size() > longest_line) line.resize(longest_line);
    if (words_.size() == most_lines) words_.erase(words_.begin());
    words_.push_back(std::move(line));
}

std::string Process::last_words() const {
    std::string all;
    const auto add = [&](const std::string &line) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == std::string::npos) return;
        all += (all.empty() ? "" : " | ") + line.substr(begin);
    };
    for (const std::string &line : words_) add(line);
    add(unfinished_);
    if (all.size() > longest_words) all = "..." + all.substr(all.size() - longest_words);
    return all;
}

bool Process::running() {
    if (ended_) return false;
    siginfo_t end{};
    int found = 0;
    do found = ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT);
    while (found < 0 && errno == EINTR);
    if (found == 0 && end.si_pid == 0) return true;
    reap();
    return false;
}

/// Its number, and with it that of its group, is its own until it has been waited for.
void Process::reap() {
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
}

std::string Process::ending() const {
    if (WIFSIGNALED(status_))
        return "was killed by signal " + std::to_string(WTERMSIG(status_)) + " (" +
               ::strsignal(WTERMSIG(status_)) + ")";
    return "ended with status " + std::to_string(WEXITSTATUS(status_));
}

bool Process::killed() const {
    return ended_ && WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL;
}

void Process::ask_where() const {
    if (!ended_) ::kill(pid_, SIGUSR1);
}

void Process::end(int milliseconds) {
    for (int waited = 0; running() && waited < milliseconds; ++waited) {
        listen();  // or it may wait for room in the pipe
        pollfd nothing{-1, 0, 0};
        ::poll(&nothing, 0, 1);
    }
    if (ended_) return;
    ::kill(pid_, SIGKILL);  // which may not lead its group yet
    reap();
}

}  // namespace python
