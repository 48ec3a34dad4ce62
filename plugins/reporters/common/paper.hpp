// Standard output for reporters: a run never waits for its reader.
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
    /// Writes as much as the reader accepts, and the rest with later output. Never blocks, never
    /// fails; once more than a megabyte is unread, further output is dropped.
    void say(std::string_view text) {
        if (waiting_.size() < most_waiting) waiting_ += text;
        write(0);
    }

    /// Waits for the reader to take the rest, until it goes away, a signal is handled, or it has
    /// taken nothing for a few seconds: the results contain the same text.
    void finish() { write(5000); }

  private:
    // A pipe that accepts anything accepts this many bytes.
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
                waiting_.clear();  // the reader is gone for good
        }
    }

    std::string waiting_;
};

}  // namespace reporters
