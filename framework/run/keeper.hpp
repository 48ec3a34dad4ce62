// Where an evaluation stores its findings: its log, and the files made from it.
#pragma once

#include "run/evaluate.hpp"

#include <chrono>

namespace spar::host {

class Keeper {
  public:
    /// Either may be null and is then not written.
    Keeper(ExamplesLog *log, AdversarialFiles *files) : log_(log), files_(files) {}

    /// Appends a clean input to the log, unless it is there already.
    void keep_clean(const ExampleResult &result, std::span<const float> x);
    /// Makes what was appended to the log safe from a kill now, and from a power cut within about a
    /// second.
    void written();
    /// The same, including the stages that an attack went through.
    void written(std::int64_t attack, const std::vector<std::string> &stages);
    /// Starts the file of a finished attack, or of the clean inputs (-1, null).
    void make_file(const std::string &name, std::int64_t attack, const EvaluationOutcome &outcome,
                   const AttackOutcome *found);
    /// Waits for the files; returns the total seconds spent in this class.
    double finish();

  private:
    using Clock = std::chrono::steady_clock;

    ExamplesLog *log_;
    AdversarialFiles *files_;
    Clock::time_point synced_ = Clock::now();
    Clock::duration spent_{};
};

}  // namespace spar::host
