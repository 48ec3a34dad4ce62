#include "base/fraction.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace spar::host {
namespace {

/// Parses a number at the beginning of `text`, and removes it and the spaces after it.
std::optional<double> leading_number(std::string_view &text) {
    const std::size_t digit = text.starts_with('-') ? 1 : 0;
    if (digit >= text.size() || text[digit] < '0' || text[digit] > '9') return std::nullopt;
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return value;
}

}  // namespace

std::optional<double> fraction(std::string_view text) {
    const std::optional<double> above = leading_number(text);
    if (!above || !text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::optional<double> below = leading_number(text);
    if (!below || !text.empty() || !(*below > 0)) return std::nullopt;
    const double value = *above / *below;
    if (!std::isfinite(value) || (value == 0 && *above != 0)) return std::nullopt;
    return value;
}

}  // namespace spar::host
