#include "app/output.hpp"

#include "pipeline/failure.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace spar::host {
namespace {

/// 0, or the error that stopped it.
int write_all(int stream, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(stream, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

}  // namespace

void keep_standard_streams() {
    // Opened the wrong way round: reading from output and writing to input still fail, as they
    // should.
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            if (::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
                std::abort();
    std::signal(SIGPIPE, SIG_IGN);
}

void print(std::string_view text) {
    const int error = write_all(STDOUT_FILENO, text);
    if (error == EPIPE) std::_Exit(static_cast<int>(Exit::done));
    if (error != 0)
        throw Failure(Exit::usage,
                      std::string("standard output cannot be written: ") + std::strerror(error));
}

void complain(std::string_view text) {
    write_all(STDERR_FILENO, "spar: " + std::string(text) + "\n");
}

int terminal_width() {
    winsize size{};
    if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

}  // namespace spar::host
