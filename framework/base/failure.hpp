// How a command of the host ends, and the exception that ends it early.
#pragma once

#include <stdexcept>
#include <string>

namespace spar::host {

enum class Exit : int {
    done = 0,
    unexpected = 1,  /// a fault of Spar itself
    usage = 2,       /// the command line, or the folder it names for the run
    pipeline = 3,    /// the pipeline file
    plugin = 4,      /// a component failed or broke the contract
    threshold = 5,   /// a demanded accuracy was missed
    data = 6,        /// a data file or weights
    storage = 7,     /// output cannot be written: disk full, no permission
    resources = 8,   /// the system gave too little memory, or would not start threads or processes
    changed = 9,     /// --resume: data, weights, plugins, host or processor are no longer the same
    stopped = 75,    /// stopped by a signal; --resume goes on
};

class Failure : public std::runtime_error {
  public:
    Failure(Exit exit, const std::string &message) : std::runtime_error(message), exit_(exit) {}
    Exit exit() const { return exit_; }

  private:
    Exit exit_;
};

/// For a file that cannot be written or opened, with errno's reason: Exit::resources if the system
/// is out of memory or open files, otherwise Exit::storage.
Exit exit_for_errno(int error);

/// The exception being handled, as a Failure: a Failure is returned unchanged, and errors of the
/// system get their exit code. Call it in a catch block.
Failure current_failure();

}  // namespace spar::host
