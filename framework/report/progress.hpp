// A line on the terminal while something long runs: how far, how fast, how long yet. Nothing where
// whoever holds the host wants none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spar::host {

/// What the line tells of.
struct ProgressState {
    std::string label = {};  // "epoch 3/10"
    std::string stage = {};  // of what is labelled, "apgd-t"; may be empty
    std::string unit = {};   // of what is counted, "examples"
    std::int64_t total = 1;  // at least 1
    std::int64_t done = 0;
    std::int64_t before = 0;  // of these done in an earlier run, which says nothing of the speed
    double seconds = 0;       // in this run, until the last were done
    double since = 0;         // seconds since then
};

/// At most `room` characters; what matters least is left out.
std::string progress_line(const ProgressState &state, std::size_t room);

class Progress {
  public:
    /// `total` in the unit that `advance` counts ("examples"); `before` of them are done already.
    Progress(std::string label, std::int64_t total, std::string unit, std::int64_t before = 0);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    void advance(std::int64_t amount);
    /// Nothing is done, but the work goes on, in this stage.
    void alive(const std::string &stage);

  private:
    using Clock = std::chrono::steady_clock;
    void draw();

    ProgressState state_;
    Clock::time_point begin_ = Clock::now(), advanced_ = begin_, drawn_{};
};

}  // namespace spar::host
