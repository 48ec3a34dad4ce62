// Numbers as people read them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace table {

/// "12.34" with this many decimals.
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

/// A radius as people write it: "0.3", "10", and "8/255" if it is exactly that.
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

/// The length in bytes of the UTF-8 sequence at the start of a text, and its code point; 0:
/// invalid.
inline std::pair<std::size_t, std::uint32_t> character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (byte(0) < 0x80) return {1, byte(0)};
    const std::size_t size = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < size) return {0, 0};
    std::uint32_t point = byte(0) & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return {0, 0};
        point = point << 6U | (byte(i) & 0x3FU);
    }
    return {size, point};
}

/// Arbitrary text made safe for a terminal: control characters and changes of text direction become
/// \u001b, as in the host, and invalid UTF-8 becomes \xff.
inline std::string harmless(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto [size, point] = character(text);
        const bool steers = point < 0x20 || (point >= 0x7F && point < 0xA0) ||
                            (point >= 0x2028 && point <= 0x202E) ||
                            (point >= 0x2066 && point <= 0x2069);
        char shown[8];
        if (size == 0)
            std::snprintf(shown, sizeof shown, "\\x%02x", static_cast<unsigned char>(text[0]));
        else
            std::snprintf(shown, sizeof shown, "\\u%04x", static_cast<unsigned>(point) & 0xFFFFU);
        clean += size == 0 || steers ? std::string_view(shown) : text.substr(0, size);
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return clean;
}

}  // namespace table
