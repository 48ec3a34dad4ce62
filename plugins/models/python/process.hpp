// A child process: started, listened to, and ended with this object.
#pragma once

#include <sys/types.h>
#include <functional>
#include <string>
#include <vector>

namespace python {

/// The absolute path of a program: the name itself if it contains a slash, otherwise the first such
/// file in $PATH. Empty: there is none that can be run.
std::string find_program(const std::string &name);

/// Leads a process group of its own, so that signals from a terminal do not reach it; the kernel
/// kills it when the thread that started it is gone. Its standard input is empty, its output and
/// errors are collected line by line.
class Process {
  public:
    using Line = std::function<void(const std::string &)>;

    /// `words`: absolute path of the program, and its arguments. `files`: what it inherits besides.
    Process(const std::vector<std::string> &words, const std::vector<int> &files, Line line);
    ~Process();
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    /// To wait for: readable when it has written or closed its output.
    int output() const { return output_; }
    /// Takes what it has written so far.
    void listen();
    /// The last lines that it wrote, on one line; empty: none.
    std::string last_words() const;

    bool running();
    /// "ended with status 3", "was killed by signal 9 (Killed)".
    std::string ending() const;
    bool killed() const;

    /// Asks Python where it is; the answer is among the last words.
    void ask_where() const;
    /// Waits for its end, at most so long, then kills it and its children.
    void end(int milliseconds);

  private:
    void take_line(std::string line);
    void reap();

    pid_t pid_ = -1;
    int output_ = -1;
    int status_ = 0;
    bool ended_ = false;
    Line line_;
    std::string unfinished_;
    std::vector<std::string> words_;
};

}  // namespace python
