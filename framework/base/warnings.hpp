// What the author of a pipeline should know although the run goes on: printed once each, and kept
// for the results.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace spar::host {

struct Warning {
    std::string component = {};  /// its source: 'attack "pgd" of pgd.so'; empty: the host
    std::string code = {};       /// "zero_gradients"
    std::string place = {};      /// "#/evaluate/attacks/0/steps"; empty: none
    std::string message = {};    /// what was found and what was expected
    std::string remedy = {};     /// how to go on; may be empty
    std::int64_t count = 0;      /// how often; 0: does not apply
    std::vector<std::int64_t> examples = {};  /// ids of the first few
};

/// The warnings of one run. Thread-safe.
class Warnings {
  public:
    /// Warnings with the same component, code and place are merged: counts add up, the text of the
    /// first is kept, and only the first is printed. With the code "log" different texts stay
    /// separate.
    void add(Warning warning);
    std::vector<Warning> all() const;
    /// A warning from an earlier part of the run: kept unchanged, not printed, and left out if it
    /// has been given again.
    void restore(Warning earlier);
    void clear();
    /// Starts with the warnings from reading a pipeline; those of earlier runs are forgotten.
    void begin(std::vector<Warning> of_the_plan);
    /// Sets how to print lines that begin with a place: with the file's name, once it is known.
    void called(std::function<std::string(const std::string &line)> with_file);

  private:
    mutable std::mutex mutex_;
    std::vector<Warning> warnings_;
    std::function<std::string(const std::string &)> with_file_;
};

/// The warnings of the current run.
Warnings &warnings();

}  // namespace spar::host
