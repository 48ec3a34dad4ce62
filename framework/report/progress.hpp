// A line on the terminal during long work: how far, how fast, how much longer. Nothing if the
// embedder wants none.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spar::host {

/// What the line shows.
struct ProgressState {
    std::string label = {};  // "epoch 3/10"
    std::string stage = {};  // of the labelled work, "apgd-t"; may be empty
    std::string unit = {};   // of the count, "examples"
    std::int64_t total = 1;  // at least 1
    std::int64_t done = 0;
    std::int64_t before = 0;  // of these, done in an earlier run, and not counted for the speed
    double seconds = 0;       // since this run began, when `done` last rose
    double since = 0;         // seconds since then
};

/// At most `room` characters; the least important parts are left out.
std::string progress_line(const ProgressState &state, std::size_t room);

class Progress {
  public:
    /// `total` in the unit that `advance` counts ("examples"), of which `before` are done already.
    Progress(std::string label, std::int64_t total, std::string unit, std::int64_t before = 0);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    void advance(std::int64_t amount);
    /// No progress to count, but the work goes on, in this stage.
    void alive(const std::string &stage);

  private:
    using Clock = std::chrono::steady_clock;
    void draw();

    ProgressState state_;
    Clock::time_point begin_ = Clock::now(), advanced_ = begin_, drawn_{};
};

}  // namespace spar::host
