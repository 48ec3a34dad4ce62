#include "weights/name_pattern.hpp"

#include <algorithm>

namespace spar::host {
namespace {

/// The letter of "{i}", "{j}" or "{k}" at the beginning of a pattern; 0 if it does not begin so.
char number_at(std::string_view pattern) {
    const bool number = pattern.size() >= 3 && pattern[0] == '{' && pattern[2] == '}' &&
                        pattern[1] >= 'i' && pattern[1] <= 'k';
    return number ? pattern[1] : '\0';
}

}  // namespace

std::optional<NameMatch> match(std::string_view pattern, std::string_view name) {
    NameMatch found;
    while (!pattern.empty()) {
        if (const char letter = number_at(pattern); letter != '\0') {
            const std::size_t size = std::min(name.find_first_not_of("0123456789"), name.size());
            const auto known = found.numbers.emplace(letter, name.substr(0, size)).first;
            if (size == 0 || known->second != name.substr(0, size)) return std::nullopt;
            name.remove_prefix(size);
            pattern.remove_prefix(3);
            continue;
        }
        if (name.empty() || name[0] != pattern[0]) return std::nullopt;
        name.remove_prefix(1);
        pattern.remove_prefix(1);
    }
    if (!name.empty() && name[0] != '.') return std::nullopt;
    found.rest = name;
    return found;
}

std::string filled(std::string_view pattern, const NameMatch &match) {
    std::string text;
    while (!pattern.empty()) {
        const char letter = number_at(pattern);
        const auto number = match.numbers.find(letter);
        if (letter != '\0' && number != match.numbers.end()) {
            text += number->second;
            pattern.remove_prefix(3);
        } else {
            text += pattern[0];
            pattern.remove_prefix(1);
        }
    }
    return text;
}

}  // namespace spar::host
