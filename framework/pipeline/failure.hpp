// How a command of the host ends, and the exception that ends it early.
#pragma once

#include <stdexcept>
#include <string>

namespace spar::host {

enum class Exit : int {
    done = 0,
    usage = 2,      /// the command line, or a file that the command line names for writing
    pipeline = 3,   /// the pipeline file
    plugin = 4,     /// a component failed or broke the contract
    threshold = 5,  /// a demanded accuracy was missed
    data = 6,       /// a data file or weights
    stopped = 75,   /// stopped by a signal; --resume goes on
};

class Failure : public std::runtime_error {
  public:
    Failure(Exit exit, const std::string &message) : std::runtime_error(message), exit_(exit) {}
    Exit exit() const { return exit_; }

  private:
    Exit exit_;
};

}  // namespace spar::host
