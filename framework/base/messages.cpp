#include "base/messages.hpp"

#include "base/paragraph.hpp"
#include "base/secrets.hpp"
#include "base/words.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>

namespace spar::host {
namespace {

std::atomic<bool> quiet{false}, verbose{false};

/// Where standard error is a terminal, its width in characters, else 0.
std::size_t error_width() {
    winsize size{};
    const bool known =
        ::isatty(STDERR_FILENO) == 1 && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
    return known ? size.ws_col : 0;
}

}  // namespace

Console &standard_error() {
    static Console console(STDERR_FILENO);
    return console;
}

void tell(spar_severity severity, const std::string &text) {
    const spar_severity least = quiet ? SPAR_LOG_ERROR : verbose ? SPAR_LOG_INFO : SPAR_LOG_WARNING;
    if (severity < least) return;
    const char *label = severity == SPAR_LOG_ERROR  ? "error"
                        : severity == SPAR_LOG_INFO ? "info"
                                                    : "warning";
    // A bar may stand in the terminal's last line.
    static const std::string fresh_line = ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
    // One line where a program may look for it, lines that fit where a person reads.
    standard_error().say(fresh_line + paragraph(std::string(label) + ": ", 2,
                                                printable(without_secrets(text)), error_width()));
}

void set_quiet(bool value) {
    quiet = value;
}

void set_verbose(bool value) {
    verbose = value;
}

}  // namespace spar::host
