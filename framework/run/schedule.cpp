#include "run/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spar::host {
namespace {

double shape(const Schedule &s, double t, double steps, double epoch, double warmup) {
    const double u = steps > warmup ? std::clamp((t - warmup) / (steps - warmup), 0.0, 1.0) : 0.0;
    switch (s.type) {
        case Schedule::Type::constant:
            return 1;
        case Schedule::Type::step: {
            const auto passed = std::count_if(s.milestones.begin(), s.milestones.end(),
                                              [&](double m) { return t >= m * epoch; });
            return std::pow(s.gamma, static_cast<double>(passed));
        }
        case Schedule::Type::cosine:
            return s.final + (1 - s.final) * (1 + std::cos(std::numbers::pi * u)) / 2;
        case Schedule::Type::linear:
            return 1 + (s.final - 1) * u;
        case Schedule::Type::cyclic: {
            const double v = (t + 1) / steps;
            return v <= s.peak ? v / s.peak : 1 + (s.final - 1) * (v - s.peak) / (1 - s.peak);
        }
    }
    return 1;
}

}  // namespace

double schedule_factor(const Schedule &schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t steps_per_epoch) {
    const auto t = static_cast<double>(step);
    const auto epoch = static_cast<double>(steps_per_epoch);
    const double warmup = schedule.warmup_epochs * epoch;
    const double f = shape(schedule, t, static_cast<double>(steps), epoch, warmup);
    return warmup_factor(schedule.warmup_epochs, step, steps_per_epoch) * f;
}

double warmup_factor(double warmup_epochs, std::int64_t step, std::int64_t steps_per_epoch) {
    const double warmup = warmup_epochs * static_cast<double>(steps_per_epoch);
    return warmup > 0 ? std::min(1.0, static_cast<double>(step + 1) / warmup) : 1.0;
}

}  // namespace spar::host
