#include "weights/weight_map.hpp"

#include "base/words.hpp"
#include "weights/faults.hpp"
#include "weights/name_pattern.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <stdexcept>

namespace spar::host {
namespace {

bool fits(std::string_view pattern, std::string_view name) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
}

bool any_fits(const std::vector<std::string> &patterns, const std::string &name) {
    return std::ranges::any_of(patterns,
                               [&](const std::string &pattern) { return fits(pattern, name); });
}

/// What a pattern finds in a whole name.
std::optional<NameMatch> match_whole(const std::string &pattern, const std::string &name) {
    auto found = match(pattern, name);
    return found && found->rest.empty() ? found : std::nullopt;
}

}  // namespace

WeightMap::WeightMap(const WeightsMapPlan &plan, const std::vector<std::string> &tensors)
    : plan_(plan) {
    // The longest first, so that an entry for one tensor comes before that of its module.
    std::ranges::stable_sort(plan_.rename, std::greater{},
                             [](const auto &entry) { return entry.first.size(); });
    Faults faults;
    std::vector<bool> used(plan_.rename.size(), false);
    for (const std::string &tensor : tensors) {
        const std::string plain = without_prefix(tensor), name = renamed(plain, used);
        const auto [other, first] = by_parameter_.emplace(name, tensor);
        by_tensor_.emplace(plain, tensor);
        if (!first)
            faults.add(fmt::format("both {} and {} would be called {}", quote(other->second, 200),
                                   quote(tensor, 200), quote(name, 200)));
    }
    const auto is_prefix = [&](const std::string &t) { return t.starts_with(plan_.prefix); };
    if (!plan_.prefix.empty() && std::ranges::none_of(tensors, is_prefix))
        faults.add(fmt::format("no name begins with the prefix {}: {}", quote(plan_.prefix),
                               listed(tensors, 5)));
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) {
            const std::string theirs = plan_.rename[i].first, ours = plan_.rename[i].second;
            const bool reversed = std::ranges::any_of(tensors, [&](const std::string &tensor) {
                return match(ours, without_prefix(tensor)).has_value();
            });
            faults.add(fmt::format("rename: there is no {}{}", quote(theirs, 200),
                                   reversed
                                       ? ", but " + quote(ours, 200) +
                                             ": the file's name comes first, the model's second"
                                       : ""));
        }
    if (!faults.none()) throw std::runtime_error(faults.text());
}

std::string WeightMap::without_prefix(const std::string &tensor) const {
    return tensor.starts_with(plan_.prefix) ? tensor.substr(plan_.prefix.size()) : tensor;
}

std::string WeightMap::renamed(const std::string &tensor, std::vector<bool> &used) const {
    for (std::size_t i = 0; i < plan_.rename.size(); ++i)
        if (const auto found = match(plan_.rename[i].first, tensor)) {
            used[i] = true;
            return filled(plan_.rename[i].second, *found) + found->rest;
        }
    return tensor;
}

std::vector<WeightMap::Source> WeightMap::sources(const std::string &parameter) const {
    const auto in_file = [](const std::map<std::string, std::string> &names,
                            const std::string &name) {
        const auto found = names.find(name);
        return found == names.end() ? Source{name, false} : Source{found->second, true};
    };
    for (const auto &[pattern, tensors] : plan_.join)
        if (const auto found = match_whole(pattern, parameter)) {
            std::vector<Source> parts;
            for (const std::string &tensor : tensors)
                parts.push_back(in_file(by_tensor_, filled(tensor, *found)));
            return parts;
        }
    return {in_file(by_parameter_, parameter)};
}

bool WeightMap::initial(const std::string &parameter) const {
    return any_fits(plan_.initial, parameter);
}

bool WeightMap::first_rows(const std::string &parameter) const {
    return any_fits(plan_.first_rows, parameter);
}

bool WeightMap::ignored(const std::string &tensor) const {
    return any_fits(plan_.ignore, without_prefix(tensor));
}

std::string WeightMap::idle(const std::vector<std::string> &parameters) const {
    for (const auto &entry : plan_.join)
        if (std::ranges::none_of(parameters, [&](const std::string &name) {
                return match_whole(entry.first, name).has_value();
            }))
            return entry.first;
    for (const auto *patterns : {&plan_.initial, &plan_.first_rows})
        for (const std::string &pattern : *patterns)
            if (std::ranges::none_of(parameters,
                                     [&](const std::string &name) { return fits(pattern, name); }))
                return pattern;
    return {};
}

}  // namespace spar::host
