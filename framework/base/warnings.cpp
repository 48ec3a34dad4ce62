#include "base/warnings.hpp"

#include "base/embedder.hpp"
#include "base/words.hpp"

#include <algorithm>

namespace spar::host {
namespace {

constexpr std::size_t most_examples = 8;

std::string line_of(const Warning &warning) {
    std::string line = escaped(warning.place, warning.place.size());
    if (!warning.component.empty()) line += (line.empty() ? "" : ": ") + warning.component;
    line += (line.empty() ? "" : ": ") + warning.message;
    if (!warning.remedy.empty()) line += "; " + warning.remedy;
    return line;
}

bool alike(const Warning &a, const Warning &b) {
    return a.component == b.component && a.code == b.code && a.place == b.place &&
           (a.code != "log" || a.message == b.message);
}

}  // namespace

void Warnings::add(Warning warning) {
    const std::lock_guard lock(mutex_);
    const auto same =
        std::ranges::find_if(warnings_, [&](const Warning &w) { return alike(w, warning); });
    if (same == warnings_.end()) {
        embedder().tell(SPAR_LOG_WARNING,
                        with_file_ ? with_file_(line_of(warning)) : line_of(warning));
        if (warning.examples.size() > most_examples) warning.examples.resize(most_examples);
        warnings_.push_back(std::move(warning));
        return;
    }
    Warning &kept = *same;
    kept.count += warning.count;
    kept.examples.insert(kept.examples.end(), warning.examples.begin(), warning.examples.end());
    if (kept.examples.size() > most_examples) kept.examples.resize(most_examples);
}

std::vector<Warning> Warnings::all() const {
    const std::lock_guard lock(mutex_);
    return warnings_;
}

void Warnings::restore(Warning earlier) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::none_of(warnings_, [&](const Warning &w) { return alike(w, earlier); }))
        warnings_.push_back(std::move(earlier));
}

void Warnings::begin(std::vector<Warning> of_the_plan) {
    const std::lock_guard lock(mutex_);
    warnings_ = std::move(of_the_plan);
}

void Warnings::clear() {
    const std::lock_guard lock(mutex_);
    warnings_.clear();
    with_file_ = {};
}

void Warnings::called(std::function<std::string(const std::string &)> with_file) {
    const std::lock_guard lock(mutex_);
    with_file_ = std::move(with_file);
}

Warnings &warnings() {
    static Warnings of_this_run;
    return of_this_run;
}

}  // namespace spar::host
