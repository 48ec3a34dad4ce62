#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/probe.hpp"
#include "app/terminal.hpp"
#include "base/failure.hpp"
#include "base/problems.hpp"
#include "base/words.hpp"
#include "instances/services.hpp"
#include "plan/grammar.hpp"
#include "plugins/cache.hpp"
#include "plugins/registry.hpp"
#include "plugins/search.hpp"
#include "run/run.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

Registry find_plugins(const Arguments &arguments) {
    terminal().set_quiet(arguments.json);
    terminal().set_verbose(arguments.verbose);
    if (arguments.quiet) terminal().hide_progress();
    if (arguments.verbose)
        for (const auto &folder : plugin_folders(arguments.plugin_folders))
            complain("looks for plugins in " + folder.string());
    for (const std::string &fault : search_faults()) terminal().tell(SPAR_LOG_WARNING, fault);
    Registry registry = Registry::discover(plugin_folders(arguments.plugin_folders), host_table(),
                                           plugin_cache_file(), probe);
    // Otherwise a plugin missing for lack of memory would pass for a mistake in the pipeline.
    for (const Refusal &refusal : registry.refusals())
        for (const char *sign : {"failed to map segment", "annot allocate memory"})
            if (refusal.reason.find(sign) != std::string::npos)
                throw Failure(Exit::resources,
                              refusal.path.string() + ": out of memory: " + refusal.reason);
    return registry;
}

std::string pretty(const Json &json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

constexpr std::size_t most_path = 1U << 16;

/// Failures name their place together with its file.
RunOutcome run_with_places(const Plan &plan, const Registry &registry, const RunOptions &options) {
    try {
        return run_pipeline(plan, registry, options);
    } catch (const PipelineError &) {
        throw;
    } catch (const Failure &failure) {
        throw Failure(failure.exit(), plan.with_file(failure.what()));
    }
}

}  // namespace

int run_command(const Arguments &arguments) {
    const Registry registry = find_plugins(arguments);
    const Plan plan = load_plan(arguments.operands[0], arguments.settings, registry);
    for (const NamedFile &named : plan.files) keep_on_one_line(named.path);
    // A resumed run knows which files it no longer needs.
    if (std::vector<Problem> missing = missing_files(plan); !arguments.resume && !missing.empty())
        throw PipelineError(std::move(missing), Exit::data);
    return run_plan(plan, registry, arguments);
}

int run_plan(const Plan &plan, const Registry &registry, const Arguments &arguments) {
    RunOptions options;
    options.out = arguments.out;
    options.threads = arguments.threads;
    options.resume = arguments.resume;
    options.anyway = arguments.anyway;
    options.terminal = !arguments.json && !arguments.quiet;
    const RunOutcome outcome = run_with_places(plan, registry, options);
    if (arguments.json)
        print(pretty(*outcome.results));
    else if (!arguments.quiet)
        mention("The run is in " + escaped(outcome.folder.string(), most_path) + "\n");
    for (const std::string &sentence : outcome.missed) complain(sentence);
    return static_cast<int>(outcome.missed.empty() ? Exit::done : Exit::threshold);
}

int schema_command(const Arguments &arguments) {
    print(pretty(whole_schema(find_plugins(arguments))));
    return 0;
}

int help_command(const Arguments &arguments) {
    if (arguments.operands.empty()) {
        print(general_help());
        return 0;
    }
    const Command *command = find_command(arguments.operands[0]);
    if (command == nullptr)
        throw Failure(Exit::usage, "there is no command " + quote(arguments.operands[0]) +
                                       "\n\"spar help\" lists all");
    print(command_help(*command));
    return 0;
}

}  // namespace spar::host
