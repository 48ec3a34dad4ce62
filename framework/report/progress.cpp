#include "report/progress.hpp"

#include "pipeline/services.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>

namespace spar::host {
namespace {

constexpr int bar_width = 24;
constexpr auto redraw_after = std::chrono::milliseconds(100);

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(seconds + 0.5);
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string label, std::int64_t total, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(std::max<std::int64_t>(total, 1)),
      shown_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (shown_ && drawn_ != Clock::time_point{}) {
        standard_error().say("\r\033[K");
    }
}

void Progress::advance(std::int64_t amount) {
    done_ += amount;
    if (!shown_) return;
    // A terminal that is held up gets no more bars to catch up with.
    if (const auto now = Clock::now(); now - drawn_ >= redraw_after && standard_error().idle())
        draw(now);
}

void Progress::draw(Clock::time_point now) {
    drawn_ = now;
    const double share = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
    const int filled = static_cast<int>(share * bar_width);
    const std::string left =
        rate > 0 ? duration_text(static_cast<double>(total_ - done_) / rate) : "-";
    standard_error().say(fmt::format("\r\033[K{} [{}{}] {:3.0f} %  {:.0f} {}/s  {} left", label_,
                                     std::string(static_cast<std::size_t>(filled), '#'),
                                     std::string(static_cast<std::size_t>(bar_width - filled), '.'),
                                     share * 100, rate, unit_, left));
}

}  // namespace spar::host
