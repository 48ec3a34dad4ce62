// Standard output for what a reporter tells people: a run never waits for them to read it.
#pragma once

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace reporters {

class Paper {
  public:
    /// Writes what the reader takes at once, and the rest with what comes later. Never blocks,
    /// never fails; of more than a megabyte that nobody reads, what comes last is left out.
    void say(std::string_view text) {
        if (waiting_.size() < most_waiting) waiting_ += text;
        write(0);
    }

    /// Waits for the reader to take the rest, until he goes away, a signal is handled, or he has
    /// taken nothing for a few seconds: what he is told stands in the results too.
    void finish() { write(5000); }

  private:
    // So many bytes a pipe takes at once, when it takes any.
    static constexpr std::size_t piece = 512, most_waiting = 1U << 20;

    void write(int patience) {
        while (!waiting_.empty()) {
            pollfd ready{STDOUT_FILENO, POLLOUT, 0};
            if (::poll(&ready, 1, patience) <= 0) return;
            const ssize_t written =
                ::write(STDOUT_FILENO, waiting_.data(), std::min(waiting_.size(), piece));
            if (written > 0)
                waiting_.erase(0, static_cast<std::size_t>(written));
            else if (written < 0 && errno != EINTR && errno != EAGAIN)
                waiting_.clear();  // nobody will ever read it
        }
    }

    std::string waiting_;
};

}  // namespace reporters
