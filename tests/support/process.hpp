// Other programs run by a test, and the spar command above all: what they print and how they end.
#pragma once

#include "plugin_loader.hpp"

#include <sys/wait.h>

#include <fcntl.h>
#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace spar::test {

struct Ended {
    int code = -1;  /// exit status; -1: ended by `signal`, or killed for taking too long
    int signal = 0;
    bool late = false;
    std::string out, err;

    std::string all() const { return out + err; }
    bool says(const std::string &text) const { return all().find(text) != std::string::npos; }
};

using Environment = std::map<std::string, std::string>;

/// Runs a program to its end, at most `patience`, in the folder `from`.
inline Ended run_program(std::vector<std::string> words, const Environment &environment = {},
                         const std::string &from = ".",
                         std::chrono::seconds patience = std::chrono::seconds(120)) {
    const Folder folder;
    const std::string out = folder / "out", err = folder / "err";
    std::vector<char *> arguments;
    for (std::string &word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        ::dup2(::open("/dev/null", O_RDONLY), 0);
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
        for (const auto &[name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
        if (::chdir(from.c_str()) == 0) ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    Ended ended;
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
        if (!ended.late && std::chrono::steady_clock::now() > end) {
            ended.late = true;
            ::kill(pid, SIGKILL);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    ended.out = file_content(out);
    ended.err = file_content(err);
    return ended;
}

/// The spar command, with no plugins but those of the build and of `environment`.
inline Ended spar(std::vector<std::string> words, Environment environment = {},
                  const std::string &from = ".") {
    words.insert(words.begin(), SPAR_BINARY);
    environment.emplace("SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR);
    environment.emplace("XDG_DATA_HOME", "/nonexistent");
    return run_program(std::move(words), environment, from);
}

}  // namespace spar::test
