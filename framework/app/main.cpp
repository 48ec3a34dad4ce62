#include "app/commands.hpp"
#include "app/guard.hpp"
#include "app/output.hpp"
#include "app/supervisor.hpp"
#include "app/terminal.hpp"
#include "base/failure.hpp"
#include "base/problems.hpp"
#include "base/secrets.hpp"
#include "instances/services.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace spar::host {

const std::vector<Command> commands = {
    {"run", "PIPELINE.json", 1, 1, "train and evaluate what a pipeline describes",
     "out threads set resume plugin-dir json quiet verbose help", run_command},
    {"check", "PIPELINE.json...", 1, 10000,
     "say everything that is wrong with pipelines; reads no data",
     "set plugin-dir json quiet verbose help", check_command},
    {"attack", "MODEL", 1, 1,
     "attack a model without a pipeline: an .onnx file, net.py:net, a run's folder, a pipeline, or "
     "weights (.safetensors, .pt) with the --pipeline whose model they are of; checks, runs, and "
     "leaves the pipeline that this amounts to in the run's folder",
     "data norm eps attack targeted examples batch seed pipeline key prefix out threads set "
     "plugin-dir json quiet verbose help",
     attack_command},
    {"model", "FILE", 1, 1,
     "say what a file holds: the tensors of weights, or a model's parameters and the attacks that "
     "work on it",
     "data input key plugin-dir json help", model_command},
    {"list", "[KIND]", 0, 1,
     "list the components that were found, and the plugins that were refused",
     "plugin-dir json verbose help", list_command},
    {"describe", "[[KIND] NAME]", 0, 2,
     "explain a component, a layer or a part of the pipeline (train, threat, schedule, ...), or "
     "every component",
     "plugin-dir json help", describe_command},
    {"convert", "IN OUT.safetensors", 2, 2,
     "write the weights of a PyTorch checkpoint (.pt, .pth), or of several files by their index, "
     "as "
     "one safetensors file; nothing in a checkpoint is run",
     "key prefix json help", convert_command},
    {"schema", "", 0, 0, "print the JSON Schema of pipelines, for editors", "plugin-dir help",
     schema_command},
    {"help", "[COMMAND]", 0, 1, "explain a command", "help", help_command},
};

Json current_error() {
    std::vector<Problem> problems;
    try {
        throw;
    } catch (const PipelineError &error) {
        problems = error.problems();
    } catch (...) {  // has none
    }
    const Failure failure = current_failure();
    Json error = {{"exit", static_cast<int>(failure.exit())},
                  {"message", without_secrets(failure.what())}};
    for (const Problem &problem : problems)
        error["problems"].push_back({{"place", without_secrets(problem.place)},
                                     {"message", without_secrets(problem.message)}});
    return error;
}

namespace {

/// Reports the failure being handled; returns the exit code.
int fail(bool json) {
    const Json error = current_error();
    if (json) print(pretty({{"error", error}}));
    complain(error.at("message").get<std::string>());
    return error.at("exit").get<int>();
}

int command(const Arguments &arguments) {
    const Command &command = *find_command(arguments.command);
    if (arguments.help) {
        print(command_help(command));
        return 0;
    }
    if (Watched *const page = watched()) page->json = arguments.json;
    try {
        return command.function(arguments);
    } catch (...) {
        return fail(arguments.json);
    }
}

int application(std::vector<std::string> words) {
    for (const std::string_view word : words) {
        keep_on_one_line(word);
        if (word.starts_with("--")) keep_on_one_line(word.substr(word.find('=') + 1));
    }
    try {
        if (!words.empty() && (words[0] == "--version" || words[0] == "-V")) {
            print(fmt::format("spar {} (contract {}.{})\n", host_table()->version, SPAR_ABI_MAJOR,
                              SPAR_ABI_MINOR));
            return 0;
        }
        if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) words[0] = "help";
        return command(read_arguments(words));
    } catch (...) {
        return fail(false);
    }
}

}  // namespace
}  // namespace spar::host

int main(int argc, char **argv) {
    spar::host::keep_standard_streams();
    spar::host::supervise();
    spar::host::terminal();
    spar::host::leave(
        spar::host::exit_code(spar::host::application({argv + (argc > 0 ? 1 : 0), argv + argc})));
}
