// Numbers as people read them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace table {

/// "12.34" with so many digits behind the point.
inline std::string fixed(double value, int digits) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    char text[400];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

/// "97.25 %" for 0.9725
inline std::string percent(double share) {
    return fixed(100 * share, 2) + " %";
}

/// "1,234,567"
inline std::string grouped(double value) {
    std::string text = fixed(value, 0);
    if (!std::isfinite(value)) return text;
    const std::size_t first = text[0] == '-' ? 1 : 0;
    for (std::size_t i = text.size(); i > first + 3; i -= 3) text.insert(i - 3, ",");
    return text;
}

/// "0.42 s", "12.3 s", "4 min 05 s", "2 h 07 min"
inline std::string duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return "?";
    if (seconds < 9.995) return fixed(seconds, 2) + " s";
    if (seconds < 99.95) return fixed(seconds, 1) + " s";
    const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e15) + 0.5);
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (whole < 3600) return std::to_string(whole / 60) + " min " + two(whole % 60) + " s";
    return std::to_string(whole / 3600) + " h " + two(whole % 3600 / 60) + " min";
}

/// The same in 8 characters at most: "0.42 s", "12.3 s", "4:05 min", "2:07 h".
inline std::string short_duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 99.95) return duration(seconds);
    const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e15) + 0.5);
    const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    if (whole < 3600) return std::to_string(whole / 60) + ":" + two(whole % 60) + " min";
    return std::to_string(whole / 3600) + ":" + two(whole % 3600 / 60) + " h";
}

/// In about four significant digits: "0.0998", "1.3270", "12.345", "1234", "5.12e-05".
inline std::string measure(double value) {
    const double size = std::abs(value);
    if (!std::isfinite(value)) return fixed(value, 0);
    if (size != 0 && (size < 1e-3 || size >= 1e5)) {
        char text[40];
        std::snprintf(text, sizeof text, "%.3g", value);
        return text;
    }
    return fixed(value, size < 10 ? 4 : size < 100 ? 3 : size < 1000 ? 2 : 0);
}

/// A count in four characters: "77", "999", "1.2k", "120k", "5.0M".
inline std::string short_count(double count) {
    if (!(count >= 999.5)) return fixed(count, 0);
    const bool millions = count >= 999500;
    const double scaled = count / (millions ? 1e6 : 1e3);
    return fixed(scaled, scaled < 9.95 ? 1 : 0) + (millions ? "M" : "k");
}

/// A radius as people write it: "0.3", "10", and "8/255" where that is what it is.
inline std::string radius(double eps) {
    const double of_255 = std::round(eps * 255);
    char text[40];
    for (int digits = 1; digits <= 6; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, eps);
        if (std::strtod(text, nullptr) == eps) break;
    }
    const bool plain = std::strtod(text, nullptr) == eps;
    if (!plain && of_255 >= 1 && of_255 <= 64 && std::abs(eps * 255 - of_255) < 1e-4)
        return fixed(of_255, 0) + "/255";
    if (eps >= 1e-4 && eps < 1e7 && std::string_view(text).find('e') != std::string_view::npos)
        std::snprintf(text, sizeof text, "%.0f", eps);
    else if (!plain)
        std::snprintf(text, sizeof text, "%.4g", eps);
    return text;
}

/// Text that may hold anything, fit for a terminal: control characters become question marks.
inline std::string harmless(std::string_view text) {
    std::string clean;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                        static_cast<unsigned char>(text[i + 1]) < 0xA0;  // U+0080 to U+009F
        clean += byte < 0x20 || byte == 0x7F || c1 ? '?' : text[i];
        i += c1 ? 1 : 0;
    }
    return clean;
}

}  // namespace table
