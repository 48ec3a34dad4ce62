#include "run/splits.hpp"

#include "base/warnings.hpp"
#include "run/suspicions.hpp"

#include <spar/philox.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <iterator>

namespace spar::host {
namespace {

using Indices = std::vector<std::int64_t>;

/// The examples of each class, in ascending order.
std::vector<Indices> by_class(const Data &data, std::span<const std::int64_t> from) {
    constexpr std::size_t block = 1024;
    std::vector<Indices> classes(static_cast<std::size_t>(data.info().outputs));
    Batch batch;
    for (std::size_t at = 0; at < from.size(); at += block) {
        data.read(from.subspan(at, std::min(block, from.size() - at)), batch);
        for (std::size_t i = 0; i < batch.labels.size(); ++i)
            classes[static_cast<std::size_t>(batch.labels[i])].push_back(batch.ids[i]);
    }
    return classes;
}

/// How many of `count` examples each class gets.
Indices shares(const std::vector<Indices> &classes, std::int64_t all, std::int64_t count) {
    Indices share(classes.size());
    std::vector<std::pair<std::int64_t, std::size_t>> remainders;
    std::int64_t left = count;
    for (std::size_t c = 0; c < classes.size(); ++c) {
        const std::int64_t product = count * std::ssize(classes[c]);
        share[c] = product / all;
        remainders.emplace_back(-(product % all), c);
        left -= share[c];
    }
    std::ranges::sort(remainders);
    for (std::size_t i = 0; left > 0; ++i, --left) ++share[remainders[i].second];
    return share;
}

/// A list of classes for a warning.
std::string named(const Data &data, const Indices &classes) {
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(classes.size(), most); ++i) {
        const std::string name = data.class_name(classes[i]);
        text += (i == 0 ? "" : ", ") + (name.empty() ? std::to_string(classes[i]) : name);
    }
    return text + (classes.size() > most ? ", ..." : "");
}

}  // namespace

std::vector<std::int64_t> choose_examples(const Data &data, std::span<const std::int64_t> from,
                                          std::int64_t count, Split split, std::uint64_t key) {
    if (count >= std::ssize(from)) return {from.begin(), from.end()};
    const auto few = static_cast<std::size_t>(count);
    if (split == Split::first) return {from.begin(), from.begin() + count};
    if (split == Split::last) return {from.end() - count, from.end()};
    std::vector<Indices> groups;
    if (data.classes())
        groups = by_class(data, from);
    else
        groups.emplace_back(from.begin(), from.end());
    const Indices share = shares(groups, std::ssize(from), count);
    Indices chosen;
    chosen.reserve(few);
    for (std::size_t c = 0; c < groups.size(); ++c) {
        shuffle(groups[c], mix_key(key, c));
        chosen.insert(chosen.end(), groups[c].begin(), groups[c].begin() + share[c]);
    }
    std::ranges::sort(chosen);
    return chosen;
}

std::vector<std::int64_t> validation_examples(const DataPlan &plan, const Data &data,
                                              std::uint64_t key) {
    const std::int64_t count = plan.validation_examples, all = data.size();
    if (!plan.validation && count >= all)
        throw Failure(
            Exit::pipeline,
            fmt::format("#/data/validation/examples: {} of the {} training examples would "
                        "be held out, and none be left",
                        count, all));
    if (count > all) warn_of_few_examples("#/data/validation/examples", count, all);
    return choose_examples(data, index_range(0, all), count > 0 ? count : all,
                           plan.validation_split, key);
}

void warn_of_split(const Data &data, std::span<const std::int64_t> from,
                   std::span<const std::int64_t> chosen, const Chosen &how) {
    if (how.split == Split::drawn || !data.classes() || chosen.size() == from.size()) return;
    const std::vector<Indices> all = by_class(data, from), taken = by_class(data, chosen);
    const Indices share = shares(all, std::ssize(from), std::ssize(chosen));
    Indices lacking, used_up;
    bool certain = false;  // a class is missing that chance would hardly omit
    std::int64_t drawn = 0, held = 0;
    for (std::size_t c = 0; c < all.size(); ++c) {
        const auto index = static_cast<std::int64_t>(c);
        drawn += share[c] > 0 ? 1 : 0;
        held += taken[c].empty() ? 0 : 1;
        certain = certain || (taken[c].empty() && share[c] >= 8);
        if (taken[c].empty() && share[c] > 0) lacking.push_back(index);
        if (!all[c].empty() && taken[c].size() == all[c].size()) used_up.push_back(index);
    }
    if (!certain && 2 * held >= drawn) lacking.clear();
    if (!how.rest_is_trained_on) used_up.clear();
    if (lacking.empty() && used_up.empty()) return;
    std::string what =
        fmt::format("the {} {} of {} examples hold {} of the {} classes",
                    how.split == Split::first ? "first" : "last", chosen.size(), from.size(), held,
                    std::ranges::count_if(all, [](const Indices &of) { return !of.empty(); }));
    if (!lacking.empty()) what += ", and none of " + named(data, lacking);
    if (!used_up.empty()) what += "; to train on is left none of " + named(data, used_up);
    warnings().add({.code = "classes_left_out",
                    .place = how.place,
                    .message = what,
                    .remedy = "\"split\": \"drawn\" takes of each class its share"});
}

std::vector<std::int64_t> remaining(std::span<const std::int64_t> from,
                                    std::span<const std::int64_t> taken) {
    Indices rest;
    std::ranges::set_difference(from, taken, std::back_inserter(rest));
    return rest;
}

}  // namespace spar::host
