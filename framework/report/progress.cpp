#include "report/progress.hpp"

#include "base/messages.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cmath>

namespace spar::host {
namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);
std::atomic<bool> hidden{false};

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e9) + 0.5);
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double share, int width) {
    if (width == 0) return "";
    const int filled = static_cast<int>(share * width);
    return fmt::format(" [{}{}]", std::string(static_cast<std::size_t>(filled), '#'),
                       std::string(static_cast<std::size_t>(width - filled), '.'));
}

/// Columns of the terminal; one that does not tell has 80.
std::size_t columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string progress_line(const ProgressState &state, std::size_t room) {
    const double share =
        std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0);
    const auto here = static_cast<double>(state.done - state.before);
    const double speed = state.seconds > 0 && here > 0 ? here / state.seconds : 0;
    const std::string percent = fmt::format(" {:3.0f} %", std::floor(share * 100));
    const std::string rate = speed > 0 ? fmt::format("  {:.0f} {}/s", speed, state.unit) : "";
    std::string left;
    if (speed > 0) {
        const double all = static_cast<double>(state.total - state.done) / speed;
        left = fmt::format("  {} left", duration_text(std::max(0.0, all - state.since)));
    }
    std::string label = state.label + (state.stage.empty() ? "" : ": " + state.stage);
    for (const std::string &line :
         {label + bar(share, 24) + percent + rate + left, label + bar(share, 24) + percent + left,
          label + bar(share, 12) + percent + left, label + percent + left})
        if (line.size() <= room) return line;
    return (label + percent).substr(0, room);
}

Progress::Progress(std::string label, std::int64_t total, std::string unit, std::int64_t before)
    : state_{std::move(label), {}, std::move(unit), std::max<std::int64_t>(total, 1), before,
             before,           0},
      shown_(!hidden && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (shown_ && drawn_ != Clock::time_point{}) standard_error().say("\r\033[K");
}

void Progress::advance(std::int64_t amount) {
    state_.done += amount;
    advanced_ = Clock::now();
    draw();
}

void Progress::alive(const std::string &stage) {
    if (!shown_) return;
    state_.stage = stage;
    draw();
}

void Progress::hide() {
    hidden = true;
}

void Progress::draw() {
    if (!shown_) return;
    const auto now = Clock::now();
    // A terminal that is held up gets no more lines to catch up with.
    if (now - drawn_ < redraw_after || !standard_error().idle()) return;
    drawn_ = now;
    state_.seconds = std::chrono::duration<double>(advanced_ - begin_).count();
    state_.since = std::chrono::duration<double>(now - advanced_).count();
    // A line that fills the last column wraps on some terminals.
    standard_error().say("\r\033[K" + progress_line(state_, columns() - 1));
}

}  // namespace spar::host
