#include "app/terminal.hpp"

#include "app/guard.hpp"
#include "app/output.hpp"
#include "base/paragraph.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace spar::host {
namespace {

/// Clears the last line of a terminal, which may show a progress bar.
constexpr const char *fresh_line = "\r\033[K";

}  // namespace

/// The width in characters of standard error, if it is a terminal that knows it.
std::size_t Terminal::width(std::size_t unknown) const {
    winsize size{};
    const bool known = is_terminal_ && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
    return known && size.ws_col > 0 ? size.ws_col : unknown;
}

void Terminal::tell(spar_severity severity, const std::string &text) {
    const spar_severity least = quiet_     ? SPAR_LOG_ERROR
                                : verbose_ ? SPAR_LOG_INFO
                                           : SPAR_LOG_WARNING;
    if (severity < least) return;
    const char *label = severity == SPAR_LOG_ERROR  ? "error"
                        : severity == SPAR_LOG_INFO ? "info"
                                                    : "warning";
    // One line if a program may look for it; wrapped lines if a person reads.
    console_.say((is_terminal_ ? fresh_line : "") +
                 paragraph(std::string(label) + ": ", 2, sayable(text), width(0)));
}

std::size_t Terminal::progress_room() {
    if (progress_hidden_ || !is_terminal_ || !console_.idle()) return 0;
    return width(80) - 1;  // a line that fills the last column wraps on some terminals
}

void Terminal::show_progress(const std::string &line) {
    console_.say(fresh_line + line);
}

void Terminal::run_can_stop(bool can) {
    stop_on_signal_.reset();
    if (can) stop_on_signal_.emplace();
}

void Terminal::run_can_resume() {
    if (Watched *const page = watched()) page->resumable = true;
}

void Terminal::calls(const Call *call) {
    note_call(call);
}

void Terminal::returned() {
    end_if_forked();
}

void Terminal::thread_begun() {
    guard_thread();
}

void Terminal::loaded_foreign(const std::string &name) {
    note_foreign_plugin(name);
}

Terminal &terminal() {
    static Terminal &of_this_process = *new Terminal;  // outlives all its users
    static const bool holds = [] {
        embed_in(&of_this_process);
        return true;
    }();
    static_cast<void>(holds);
    return of_this_process;
}

}  // namespace spar::host
