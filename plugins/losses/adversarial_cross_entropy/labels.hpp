// Perturbed labels that depend on the class alone or on the model's probabilities.
#pragma once

#include <spar/kit/targets.hpp>

namespace spar {

/// 1 - eps at the class, eps divided evenly among the others.
inline auto smooth_labels(const LossRow &row, double eps) {
    const auto own = static_cast<std::size_t>(class_of(row));
    const double share = eps / static_cast<double>(row.output.size() - 1);
    return [own, eps, share](std::size_t i) { return i == own ? 1 - eps : share; };
}

/// 1 - eps at the class; of the others, the less likely ones get more of eps, and the likeliest
/// next to nothing. Uses the clean outputs if known. Labels are constants: no gradient flows
/// through them.
inline auto bilateral_labels(const LossRow &row, double eps) {
    constexpr double floor = 0.01;
    const auto own = static_cast<std::size_t>(class_of(row));
    const std::span<const float> z = row.reference.empty() ? row.output : row.reference;
    const double log_sum = log_sum_exp(z);
    const auto surprise = [z, log_sum](std::size_t i) { return log_sum - z[i]; };
    const auto others = static_cast<double>(z.size() - 1);
    double least = std::numeric_limits<double>::infinity(), mean = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
        if (i == own) continue;
        least = std::min(least, surprise(i));
        mean += surprise(i) / others;
    }
    const double scale = eps / others / (mean - least + floor);
    return
        [=](std::size_t i) { return i == own ? 1 - eps : scale * (surprise(i) - least + floor); };
}

}  // namespace spar
