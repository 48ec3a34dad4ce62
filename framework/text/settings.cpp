#include "base/problems.hpp"
#include "base/words.hpp"
#include "text/parse.hpp"
#include "text/source.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// a.b.0, or in the form of messages: /a/b/0.
std::vector<std::string> steps_of(const std::string &path) {
    const bool pointer = path.starts_with('/');
    std::vector<std::string> steps(1);
    for (const char c : path.substr(pointer ? 1 : 0)) {
        if (c == (pointer ? '/' : '.'))
            steps.emplace_back();
        else
            steps.back() += c;
    }
    return steps;
}

/// JSON if possible, otherwise text. What looks like JSON but breaks its rules is an error, not
/// text.
Json value_of(const Setting &setting, const std::string &label) {
    if (Json::accept(setting.value)) return parse_json(setting.value, label);
    const char first = setting.value.empty() ? '\0' : setting.value.front();
    if (first == '{' || first == '[' || first == '"') return parse_json(setting.value, label);
    if (!valid_utf8(setting.value)) throw PipelineError({{label, "the value is not UTF-8"}});
    return setting.value;
}

/// The list element that a step names.
std::size_t index_of(const std::string &step, const Json &list, const std::string &label) {
    std::size_t index = 0;
    const char *end = step.data() + step.size();
    const auto [stop, error] = std::from_chars(step.data(), end, index);
    if (error != std::errc() || stop != end || index >= list.size())
        throw PipelineError({{label, quote(step) + " is no element of a list of " +
                                         std::to_string(list.size()) + " (they count from 0)"}});
    return index;
}

void apply(Source &source, const Setting &setting) {
    const std::string label = setting.option.empty() ? "--set " + setting.path : setting.option;
    const std::vector<std::string> steps = steps_of(setting.path);
    Json value = value_of(setting, label);
    Json *here = &source.root;
    std::string pointer;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const bool last = i + 1 == steps.size();
        if (steps[i].empty()) throw PipelineError({{label, "a name in the path is empty"}});
        if (here->is_array()) {
            const std::size_t index = index_of(steps[i], *here, label);
            pointer = child_pointer(pointer, index);
            here = &(*here)[index];
        } else if (here->is_object()) {
            if (last && value.is_null()) {
                here->erase(steps[i]);
                return;
            }
            if (!here->contains(steps[i])) (*here)[steps[i]] = Json::object();
            pointer = child_pointer(pointer, steps[i]);
            here = &(*here)[steps[i]];
        } else {
            throw PipelineError({{label, "there is nothing to set inside of " + pointer +
                                             ", which is " + escaped(here->dump())}});
        }
    }
    *here = std::move(value);
    source.origins.set(
        pointer, std::make_shared<const Origin>(Origin{std::filesystem::current_path(), label}));
}

}  // namespace

void apply_settings(Source &source, const std::vector<Setting> &settings) {
    for (const Setting &setting : settings) apply(source, setting);
}

}  // namespace spar::host
