#include "run/weight_map.hpp"

#include <algorithm>
#include <optional>

namespace spar::host {
namespace {

constexpr std::string_view number = "{i}";

bool fits(std::string_view pattern, std::string_view name) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
}

bool any_fits(const std::vector<std::string> &patterns, const std::string &name) {
    return std::ranges::any_of(patterns,
                               [&](const std::string &pattern) { return fits(pattern, name); });
}

/// What {i} stands for in a name; nothing if the name is no such one.
std::optional<std::string> number_in(const std::string &pattern, const std::string &name) {
    const std::size_t at = pattern.find(number);
    if (at == std::string::npos)
        return pattern == name ? std::optional<std::string>("") : std::nullopt;
    const std::string begin = pattern.substr(0, at), end = pattern.substr(at + number.size());
    if (name.size() <= begin.size() + end.size() || !name.starts_with(begin) ||
        !name.ends_with(end))
        return std::nullopt;
    std::string middle = name.substr(at, name.size() - begin.size() - end.size());
    if (!std::ranges::all_of(middle, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    return middle;
}

std::string with_number(std::string name, const std::string &value) {
    if (const std::size_t at = name.find(number); at != std::string::npos)
        name.replace(at, number.size(), value);
    return name;
}

}  // namespace

bool WeightMap::empty() const {
    return plan_.names.empty() && plan_.initial.empty() && plan_.first_rows.empty() &&
           plan_.ignore.empty();
}

std::vector<std::string> WeightMap::sources(const std::string &parameter) const {
    for (const auto &[pattern, tensors] : plan_.names)
        if (const auto value = number_in(pattern, parameter)) {
            std::vector<std::string> names;
            for (const std::string &tensor : tensors) names.push_back(with_number(tensor, *value));
            return names;
        }
    return {parameter};
}

bool WeightMap::initial(const std::string &parameter) const {
    return any_fits(plan_.initial, parameter);
}

bool WeightMap::first_rows(const std::string &parameter) const {
    return any_fits(plan_.first_rows, parameter);
}

bool WeightMap::ignored(const std::string &tensor) const {
    return any_fits(plan_.ignore, tensor);
}

std::string WeightMap::idle(const std::vector<std::string> &parameters) const {
    for (const auto &[pattern, tensors] : plan_.names)
        if (std::ranges::none_of(parameters, [&pattern = pattern](const std::string &name) {
                return number_in(pattern, name).has_value();
            }))
            return pattern;
    for (const auto *patterns : {&plan_.initial, &plan_.first_rows})
        for (const std::string &pattern : *patterns)
            if (std::ranges::none_of(parameters,
                                     [&](const std::string &name) { return fits(pattern, name); }))
                return pattern;
    return {};
}

}  // namespace spar::host
