// The Python process with the user's net, and the memory that it shares with this one.
#pragma once

#include "memory.hpp"
#include "process.hpp"
#include "protocol.hpp"
#include "slot.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace python {

/// runner.py, with its parts.
extern const char *const runner_text;

/// What the pipeline says.
struct Start {
    std::string interpreter;
    std::string file, name;            // of the net: net.py and net
    std::vector<std::string> options;  // for the runner: "device=cpu"
    double patience = 0;               // seconds for one call
};

class Child {
  public:
    static constexpr std::int32_t slot_count = 9;  // of passes without a tape, and of tapes

    /// Starts it and waits until it has read the user's file.
    Child(const Start &start, Process::Line line);
    ~Child();

    Answer ask(const Request &request, const std::string &text = "") {
        return channel_->ask(request, text);
    }
    /// Lets it end by itself.
    void end();

    /// Interpreter, library, processor and file: what its numbers depend on.
    const std::string &made_with() const { return made_with_; }
    /// "net.py:net", for messages.
    const std::string &who() const { return who_; }
    Slot &slot(std::int32_t tape) { return *slots_[static_cast<std::size_t>(tape)]; }
    SharedMemory &parameters() { return parameters_; }

  private:
    std::string who_, made_with_;
    SharedMemory parameters_{"spar parameters"};
    std::array<std::unique_ptr<Slot>, slot_count> slots_;
    std::unique_ptr<Process> process_;
    std::unique_ptr<Channel> channel_;
};

}  // namespace python
