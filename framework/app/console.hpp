// Text for people on a standard stream, from work that must not wait for its reader: a paused
// pager, a closed pipe or a full disk never holds up or ends what is computed.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>
#include <string_view>

namespace spar::host {

/// [thread-safe]
class Console {
  public:
    /// `stream`: STDOUT_FILENO or STDERR_FILENO, open as long as this object lives.
    explicit Console(int stream) : descriptor_(stream) {
        struct stat status {};
        if (::fstat(stream, &status) != 0) return;
        regular_ = S_ISREG(status.st_mode);
        socket_ = S_ISSOCK(status.st_mode);
        if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
        // Our own file description: the given one is shared with other programs, which expect it to
        // block.
        const std::string name = "/proc/self/fd/" + std::to_string(stream);
        own_ = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    ~Console() {
        if (own_ >= 0) ::close(own_);
    }
    Console(const Console &) = delete;
    Console &operator=(const Console &) = delete;

    /// Writes as much as the reader accepts, and the rest with later output. Never blocks, never
    /// fails. Once more than a megabyte is unread, further output is dropped.
    void say(std::string_view text) {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() < most_waiting)
            waiting_ += text;
        else
            left_out_ = true;
        write_what_fits();
    }

    /// Whether everything so far has been written, or never will be.
    bool idle() {
        const std::lock_guard lock(mutex_);
        write_what_fits();
        return waiting_.empty();
    }

    /// Waits for the reader to take the rest, until it goes away, a signal is handled, or it has
    /// taken nothing for a few seconds: a paused reader does not delay the end.
    void finish() {
        const std::lock_guard lock(mutex_);
        if (left_out_) waiting_ += "... (more output was dropped while nobody read)\n";
        left_out_ = false;
        for (write_what_fits(); !waiting_.empty(); write_what_fits()) {
            pollfd ready{own_ >= 0 ? own_ : descriptor_, POLLOUT, 0};
            if (::poll(&ready, 1, patience) <= 0) return;
        }
    }

  private:
    static constexpr std::size_t most_waiting = 1U << 20, piece = 512;
    static constexpr int patience = 5000;  // milliseconds

    /// The number of bytes written; -1 and errno if none.
    ssize_t write_piece() const {
        const std::size_t size =
            std::min(waiting_.size(), own_ >= 0 || regular_ ? waiting_.size() : piece);
        if (own_ >= 0 || regular_)
            return ::write(own_ >= 0 ? own_ : descriptor_, waiting_.data(), size);
        if (socket_) return ::send(descriptor_, waiting_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
        pollfd ready{descriptor_, POLLOUT, 0};
        if (::poll(&ready, 1, 0) == 0) {
            errno = EAGAIN;
            return -1;
        }
        return ::write(descriptor_, waiting_.data(), size);
    }

    void write_what_fits() {
        while (!waiting_.empty() && !broken_) {
            const ssize_t written = write_piece();
            if (written > 0)
                waiting_.erase(0, static_cast<std::size_t>(written));
            else if (written == 0 || errno == EAGAIN || errno == EWOULDBLOCK)
                return;
            else if (errno != EINTR)
                broken_ = true;
        }
        if (broken_) waiting_.clear();
    }

    int descriptor_, own_ = -1;
    bool regular_ = false, socket_ = false;
    std::mutex mutex_;
    std::string waiting_;
    bool broken_ = false, left_out_ = false;
};

}  // namespace spar::host
