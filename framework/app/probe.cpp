#include "app/probe.hpp"

#include "app/guard.hpp"
#include "base/words.hpp"
#include "plugins/library.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char came_up = 'y', refused = 'n', last_words = 't';
constexpr std::size_t longest_reason = 2000;

/// The child's end of the pipe, for the terminate handler.
int answers = -1;

/// One record: a letter, the text, a zero byte.
void answer(char letter, const std::string &text) {
    const std::string record = letter + text + '\0';
    for (std::size_t done = 0; done < record.size();) {
        const ssize_t count = ::write(answers, record.data() + done, record.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) ::_exit(1);
        done += static_cast<std::size_t>(count);
    }
}

void refuse(char letter, const std::string &why) {
    answer(letter, why.substr(0, longest_reason));
}

/// A successful answer as text, without zero bytes inside.
std::string as_text(const spar_plugin &plugin) {
    return to_json(describe(plugin)).dump(-1, ' ', true, Json::error_handler_t::replace);
}

[[noreturn]] void last_exception() {
    std::string what = "ends the process while it is loaded (std::terminate)";
    if (const std::exception_ptr current = std::current_exception()) {
        try {
            std::rethrow_exception(current);
        } catch (const std::exception &e) {
            what = "throws an exception while it is loaded: " + quote(e.what(), 200);
        } catch (...) {
            what = "throws an exception while it is loaded";
        }
    }
    refuse(last_words, what);
    ::_exit(1);
}

/// The child: silent, without core dumps or the parent's signal handlers, and gone when the parent
/// is.
[[noreturn]] void child(pid_t parent, const std::vector<std::filesystem::path> &files,
                        std::size_t first, const spar_host *host) {
    unguard_process();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    for (const int signal : {SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGABRT, SIGTERM, SIGINT})
        std::signal(signal, SIG_DFL);
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, stream);
    std::set_terminate(last_exception);
    for (std::size_t i = first; i < files.size(); ++i) {
        try {
            answer(came_up, as_text(*open_plugin(files[i], host)));
        } catch (const std::exception &e) {
            refuse(refused, e.what());
        }
    }
    ::_exit(0);
}

/// The parent's end: records as they arrive, until the child ends or the time is up.
class Answers {
  public:
    Answers(int pipe, std::chrono::milliseconds patience) : pipe_(pipe), patience_(patience) {}

    enum class Next { record, ended, late };

    Next next(std::string &record) {
        const Clock::time_point end = Clock::now() + patience_;
        for (;;) {
            const std::size_t zero = buffer_.find('\0');
            if (zero != std::string::npos) {
                record = buffer_.substr(0, zero);
                buffer_.erase(0, zero + 1);
                return Next::record;
            }
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
            pollfd wait{pipe_, POLLIN, 0};
            const int ready = ::poll(&wait, 1, static_cast<int>(std::max<long>(left.count(), 0)));
            if (ready < 0 && errno == EINTR) continue;
            if (ready <= 0) return Next::late;
            char block[4096];
            const ssize_t count = ::read(pipe_, block, sizeof block);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return Next::ended;
            buffer_.append(block, static_cast<std::size_t>(count));
        }
    }

  private:
    int pipe_;
    std::chrono::milliseconds patience_;
    std::string buffer_;
};

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status))
        return std::string("ends the process while it is loaded: ") +
               ::strsignal(WTERMSIG(status)) + " (signal " + std::to_string(WTERMSIG(status)) +
               ")" + (WTERMSIG(status) == SIGBUS ? "; the file may have been cut short" : "");
    return "ends the process while it is loaded: it exits with status " +
           std::to_string(WEXITSTATUS(status));
}

/// A plugin may write anything into the pipe, so an answer is only shown to people until the host
/// has loaded the plugin and confirmed it.
Probed read(const std::string &record) {
    if (record.empty() || record[0] != came_up)
        return {record.size() > 1 ? record.substr(1) : "gives no answer", std::nullopt};
    try {
        return {"", description_from(Json::parse(record.begin() + 1, record.end()))};
    } catch (const nlohmann::json::exception &) {
        return {"answers what it cannot be read from", std::nullopt};
    }
}

/// Reads one child's records into `probed`, beginning at `first`; returns the index of the first
/// file without one.
std::size_t collect(Answers &records, pid_t pid, std::size_t first, std::vector<Probed> &probed) {
    std::string record, last;
    while (first < probed.size()) {
        const Answers::Next next = records.next(record);
        if (next == Answers::Next::late) ::kill(pid, SIGKILL);
        if (next != Answers::Next::record) {
            int status = 0;
            ::waitpid(pid, &status, 0);
            probed[first].fault = next == Answers::Next::late
                                      ? "does not come back from being loaded"
                                  : !last.empty() ? last
                                                  : how_it_ended(status);
            return first + 1;
        }
        if (!record.empty() && record[0] == last_words) {
            last = record.substr(1);
            continue;
        }
        probed[first++] = read(record);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return first;
}

}  // namespace

std::vector<Probed> probe_patiently(const std::vector<std::filesystem::path> &files,
                                    const spar_host *host, const std::function<void()> &meanwhile,
                                    std::chrono::milliseconds patience) {
    std::vector<Probed> probed(files.size());
    std::size_t first = 0;
    while (first < files.size()) {
        std::fflush(nullptr);
        std::cout.flush();
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe to a child process");
        const pid_t here = ::getpid(), pid = ::fork();
        if (pid < 0) throw std::runtime_error("no child process can be started");
        if (pid == 0) {
            ::close(ends[0]);
            answers = ends[1];
            child(here, files, first, host);
        }
        ::close(ends[1]);
        if (first == 0) meanwhile();
        Answers records(ends[0], patience);
        first = collect(records, pid, first, probed);
        ::close(ends[0]);
    }
    return probed;
}

std::vector<Probed> probe(const std::vector<std::filesystem::path> &files, const spar_host *host,
                          const std::function<void()> &meanwhile) {
    return probe_patiently(files, host, meanwhile, std::chrono::seconds(10));
}

}  // namespace spar::host
