#include "plan/plan.hpp"

#include "base/warnings.hpp"
#include "base/words.hpp"
#include "plan/check.hpp"
#include "plan/grammar.hpp"
#include "plan/plan_parts.hpp"
#include "plan/versions.hpp"
#include "text/parse.hpp"
#include "text/source.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// A message that begins with a place in the pipeline, prefixed with the file's name.
std::string with_label(const Origins &origins, const std::string &message) {
    const std::size_t end = message.find_first_of(" :");
    if (!message.starts_with("#/") || end == std::string::npos) return message;
    return origins.at(message.substr(1, end - 1)).label + message;
}

Plan plan_of(Source source, const std::vector<Setting> &settings,
             const std::filesystem::path &folder, const Registry &registry, PlanUse use) {
    warnings().clear();
    apply_settings(source, settings);
    substitute_variables(source);
    const auto origins = std::make_shared<const Origins>(source.origins);
    warnings().called(
        [origins](const std::string &message) { return with_label(*origins, message); });
    for (const Problem &unused : source.warnings)
        warnings().add(
            {.code = "unused_variable", .place = unused.place, .message = unused.message});
    for (const char *told : {"$schema", "$crafting"}) source.root.erase(told);
    const bool of_version_1 = bring_up_to_date(source.root, registry);
    Checker checker(registry, source.origins);
    checker.check(source.root, grammar(), grammar(), "");
    if (!checker.problems().empty()) throw PipelineError(checker.problems());
    Plan plan = typed_plan(source.root, checker, use);
    if (!checker.problems().empty()) throw PipelineError(checker.problems());
    plan.folder = folder;
    plan.of_version_1 = of_version_1;
    // A file that a reporter names may be one that it will write.
    for (const NamedFile &file : checker.files())
        if (!file.pointer.starts_with("/report/")) plan.files.push_back(file);
    plan.origins = origins;
    plan.warnings = warnings().all();
    return plan;
}

}  // namespace

std::string Plan::place(const std::string &pointer) const {
    return origins->at(pointer).label + "#" + pointer;
}

std::string Plan::with_file(const std::string &message) const {
    return with_label(*origins, message);
}

std::vector<Problem> missing_files(const Plan &plan) {
    namespace fs = std::filesystem;
    std::vector<Problem> problems;
    for (const NamedFile &file : plan.files) {
        std::error_code error;
        if (fs::is_directory(file.path, error))
            problems.push_back({plan.place(file.pointer), quote(file.path, 300) +
                                                              " is a folder; expected a file. "
                                                              "--set " +
                                                              file.pointer + "=FILE names one"});
        if (fs::exists(file.path, error)) continue;
        const fs::path folder = fs::path(file.path).parent_path();
        const bool lost = !folder.empty() && !fs::exists(folder, error);
        problems.push_back(
            {plan.place(file.pointer), "the file " + quote(file.path, 300) + " does not exist" +
                                           (lost ? ", nor does its folder" : "") + "; --set " +
                                           file.pointer + "=FILE names another"});
    }
    return problems;
}

Plan load_plan(const std::filesystem::path &file, const std::vector<Setting> &settings,
               const Registry &registry, PlanUse use) {
    return plan_of(read_source(file), settings, folder_of(file), registry, use);
}

Plan parse_plan(const std::string &text, const std::string &name,
                const std::filesystem::path &folder, const std::vector<Setting> &settings,
                const Registry &registry, PlanUse use) {
    const std::filesystem::path absolute = std::filesystem::absolute(folder);
    return plan_of(parse_source(text, {absolute, name}), settings, absolute, registry, use);
}

}  // namespace spar::host
