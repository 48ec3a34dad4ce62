// A bar on the terminal while something long runs: how far, how fast, how long yet. Nothing where
// standard error is not a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spar::host {

class Progress {
  public:
    /// `total` in the unit that `advance` counts ("examples").
    Progress(std::string label, std::int64_t total, std::string unit);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    void advance(std::int64_t amount);

  private:
    using Clock = std::chrono::steady_clock;
    void draw(Clock::time_point now);

    std::string label_, unit_;
    std::int64_t total_, done_ = 0;
    bool shown_;
    Clock::time_point begin_ = Clock::now(), drawn_{};
};

}  // namespace spar::host
