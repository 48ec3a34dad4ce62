// Small numerical functions that losses and attacks share. Sums run in double, in an order that
// depends on the length alone.
#pragma once

#include <spar/abi/visibility.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace SPAR_HIDDEN spar {

/// Sum of term(i) over [0, count), in eight interleaved partial sums so that it can use vectors.
/// Terms of zero at the end, as of padding, change no bit.
template <class Term>
double sum_of(std::size_t count, Term &&term) {
    constexpr std::size_t lanes = 8;
    double part[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) part[lane] += term(i + lane);
    for (std::size_t lane = 0; i + lane < count; ++lane) part[lane] += term(i + lane);
    double total = 0;
    for (const double value : part) total += value;
    return total;
}

/// Largest of the non-negative numbers magnitude(i) over [0, count); 0 if there are none.
template <class Magnitude>
double max_of(std::size_t count, Magnitude &&magnitude) {
    constexpr std::size_t lanes = 8;
    double part[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const double value = magnitude(i + lane);
            part[lane] = value > part[lane] ? value : part[lane];
        }
    double largest = 0;
    for (const double value : part) largest = std::max(largest, value);
    for (; i < count; ++i) largest = std::max(largest, static_cast<double>(magnitude(i)));
    return largest;
}

inline double dot(std::span<const float> a, std::span<const float> b) {
    return sum_of(a.size(), [&](std::size_t i) { return double{a[i]} * double{b[i]}; });
}
inline double norm_l2(std::span<const float> a) {
    return std::sqrt(dot(a, a));
}
inline double norm_l1(std::span<const float> a) {
    return sum_of(a.size(), [&](std::size_t i) { return std::fabs(double{a[i]}); });
}
inline double norm_linf(std::span<const float> a) {
    return max_of(a.size(), [&](std::size_t i) { return std::fabs(double{a[i]}); });
}

/// Index of the largest value; of equal ones the first.
inline std::int64_t argmax(std::span<const float> values) {
    return std::max_element(values.begin(), values.end()) - values.begin();
}

/// Index of the largest value at an index other than `except`; -1 if there is no other.
inline std::int64_t argmax_except(std::span<const float> values, std::int64_t except) {
    std::int64_t best = -1;
    for (std::int64_t i = 0; i < std::ssize(values); ++i)
        if (i != except && (best < 0 || values[static_cast<std::size_t>(i)] >
                                            values[static_cast<std::size_t>(best)]))
            best = i;
    return best;
}

/// log(sum(exp(z))), computed stably by factoring out the largest value. The log-probability of
/// class i is z[i] - log_sum_exp(z).
inline double log_sum_exp(std::span<const float> z) {
    double largest = -std::numeric_limits<double>::infinity();
    for (const float value : z) largest = std::max(largest, double{value});
    if (!std::isfinite(largest)) return largest;
    double total = 0;
    for (const float value : z) total += std::exp(double{value} - largest);
    return largest + std::log(total);
}

inline void softmax(std::span<const float> z, std::span<float> out) {
    const double log_sum = log_sum_exp(z);
    for (std::size_t i = 0; i < z.size(); ++i)
        out[i] = static_cast<float>(std::exp(double{z[i]} - log_sum));
}

}  // namespace spar
