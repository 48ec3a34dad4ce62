// What the author of a pipeline should know although the run goes on: told once each on standard
// error, kept for the results.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace spar::host {

struct Warning {
    std::string component = {};  /// who says so: 'attack "pgd" of pgd.so'; empty: the host
    std::string code = {};       /// "zero_gradients"
    std::string place = {};      /// "#/evaluate/attacks/0/steps"; empty: none
    std::string message = {};    /// what was found and what was expected
    std::string remedy = {};     /// how to go on; may be empty
    std::int64_t count = 0;      /// how often; 0: not a matter of counting
    std::vector<std::int64_t> examples = {};  /// ids of the first few
};

/// The warnings of one run. Thread-safe.
class Warnings {
  public:
    /// Warnings that agree in component, code and place are one: counts add up, the text of the
    /// first stays, and only the first is printed. Of the code "log" each text is one of its own.
    void add(Warning warning);
    std::vector<Warning> all() const;
    /// One of an earlier part of the run: kept as it was, not printed, and left out where the same
    /// was given again.
    void restore(Warning earlier);
    void clear();
    /// Those of a pipeline that has been read; what runs of it said before is forgotten.
    void begin(std::vector<Warning> of_the_plan);
    /// How lines are printed that begin with a place: with its file's name, once that is known.
    void called(std::function<std::string(const std::string &line)> with_file);

  private:
    mutable std::mutex mutex_;
    std::vector<Warning> warnings_;
    std::function<std::string(const std::string &)> with_file_;
};

/// Those of the run under way.
Warnings &warnings();

}  // namespace spar::host
