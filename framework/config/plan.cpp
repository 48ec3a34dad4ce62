#include "config/plan.hpp"

#include "config/check.hpp"
#include "config/grammar.hpp"
#include "config/plan_parts.hpp"
#include "config/source.hpp"
#include "config/versions.hpp"
#include "pipeline/warnings.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

Plan plan_of(Source source, const std::vector<Setting> &settings,
             const std::filesystem::path &folder, const Registry &registry) {
    warnings().clear();
    apply_settings(source, settings);
    substitute_variables(source);
    source.root.erase("$schema");
    bring_up_to_date(source.root);
    Checker checker(registry, source.origins);
    checker.check(source.root, grammar(), grammar(), "");
    if (!checker.problems().empty()) throw PipelineError(checker.problems());
    Plan plan = typed_plan(source.root, checker);
    if (!checker.problems().empty()) throw PipelineError(checker.problems());
    plan.folder = folder;
    return plan;
}

}  // namespace

Plan load_plan(const std::filesystem::path &file, const std::vector<Setting> &settings,
               const Registry &registry) {
    std::error_code error;
    const std::filesystem::path path = std::filesystem::weakly_canonical(file, error);
    return plan_of(read_source(file), settings, path.parent_path(), registry);
}

Plan parse_plan(const std::string &text, const std::string &name,
                const std::filesystem::path &folder, const std::vector<Setting> &settings,
                const Registry &registry) {
    const std::filesystem::path absolute = std::filesystem::absolute(folder);
    return plan_of(parse_source(text, {absolute, name}), settings, absolute, registry);
}

}  // namespace spar::host
