#include "app/commands.hpp"
#include "app/output.hpp"
#include "base/words.hpp"
#include "compose/attack_pipeline.hpp"
#include "plugins/registry.hpp"
#include "run/run_files.hpp"

namespace spar::host {
namespace {

/// runs/<name>, or the first of runs/<name>-2, ... that is not there yet.
std::filesystem::path free_folder(const std::string &name) {
    const std::filesystem::path runs = "runs";
    std::filesystem::path folder = runs / name;
    for (int n = 2; std::filesystem::exists(std::filesystem::symlink_status(folder)); ++n)
        folder = runs / (name + "-" + std::to_string(n));
    return folder;
}

}  // namespace

int attack_command(const Arguments &arguments) {
    const Registry registry = find_plugins(arguments);
    const Plan plan = attack_plan({.target = arguments.operands[0],
                                   .pipeline = arguments.value("pipeline"),
                                   .key = arguments.value("key"),
                                   .prefix = arguments.value("prefix"),
                                   .data = arguments.value("data"),
                                   .norm = arguments.value("norm"),
                                   .eps = arguments.value("eps"),
                                   .aim = arguments.value("targeted"),
                                   .attacks = arguments.values("attack"),
                                   .examples = arguments.value("examples"),
                                   .batch = arguments.value("batch"),
                                   .seed = arguments.value("seed"),
                                   .settings = arguments.settings},
                                  registry);
    require_sound(plan, registry);
    Arguments run = arguments;
    if (run.out.empty()) run.out = free_folder(plan.name);
    const int code = run_plan(plan, registry, run);
    if (!run.json && !run.quiet) {
        const std::string file = (run.out / run_files::plan).string();
        mention("The pipeline that this amounts to is " + escaped(file, file.size()) +
                "; spar run repeats it\n");
    }
    return code;
}

}  // namespace spar::host
