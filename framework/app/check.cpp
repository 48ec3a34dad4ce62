#include "app/commands.hpp"
#include "app/output.hpp"
#include "base/problems.hpp"
#include "base/words.hpp"
#include "engine/crafting.hpp"
#include "engine/rehearsal.hpp"
#include "plugins/registry.hpp"
#include "run/results.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

void require_sound(const Plan &plan, const Registry &registry) {
    for (const NamedFile &named : plan.files) keep_on_one_line(named.path);
    std::vector<Problem> problems = rehearse(plan, registry);
    const Exit exit = problems.empty() ? Exit::data : Exit::pipeline;
    for (Problem &problem : missing_files(plan)) problems.push_back(std::move(problem));
    if (!problems.empty()) throw PipelineError(std::move(problems), exit);
}

int check_command(const Arguments &arguments) {
    const Registry registry = find_plugins(arguments);
    const bool several = arguments.operands.size() > 1;
    Json all = Json::array();
    int code = static_cast<int>(Exit::done);  // of the first faulty file
    for (const std::string &file : arguments.operands) {
        try {
            const Plan plan = load_plan(file, arguments.settings, registry);
            require_sound(plan, registry);
            const std::vector<Crafting> crafting = crafting_of(plan, registry);
            all.push_back({{"file", file},
                           {"plan", *plan.resolved},
                           {"crafting", to_json(crafting)},
                           {"warnings", warning_results()}});
            if (arguments.json || arguments.quiet) continue;
            print(escaped(file, file.size()) + ": no problems\n");
            for (const Crafting &one : crafting) print(sentence(one) + "\n");
        } catch (...) {
            if (!several) throw;
            const Json error = current_error();
            if (code == 0) code = error.at("exit").get<int>();
            all.push_back({{"file", file}, {"error", error}});
            complain(error.at("message").get<std::string>());
        }
    }
    if (!several && arguments.json) all[0].erase("file");
    if (arguments.json) print(pretty(several ? all : all[0]));
    return code;
}

}  // namespace spar::host
