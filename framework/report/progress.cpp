#include "report/progress.hpp"

#include "base/embedder.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace spar::host {
namespace {

constexpr auto redraw_after = std::chrono::milliseconds(100);

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(std::min(seconds, 1e9)));
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double share, int width) {
    if (width == 0) return "";
    const int filled = static_cast<int>(share * width);
    return fmt::format(" [{}{}]", std::string(static_cast<std::size_t>(filled), '#'),
                       std::string(static_cast<std::size_t>(width - filled), '.'));
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
    : state_{.label = std::move(label),
             .unit = std::move(unit),
             .total = std::max<std::int64_t>(total, 1),
             .done = before,
             .before = before} {}

Progress::~Progress() {
    if (drawn_ != Clock::time_point{}) embedder().show_progress({});
}

void Progress::advance(std::int64_t amount) {
    state_.done += amount;
    advanced_ = Clock::now();
    draw();
}

void Progress::alive(const std::string &stage) {
    state_.stage = stage;
    draw();
}

void Progress::draw() {
    const auto now = Clock::now();
    if (now - drawn_ < redraw_after) return;
    const std::size_t room = embedder().progress_room();
    if (room == 0) return;
    drawn_ = now;
    state_.seconds = std::chrono::duration<double>(advanced_ - begin_).count();
    state_.since = std::chrono::duration<double>(now - advanced_).count();
    embedder().show_progress(progress_line(state_, room));
}

}  // namespace spar::host
