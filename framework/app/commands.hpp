// The commands. Each returns the process's exit code or throws Failure.
#pragma once

#include "app/arguments.hpp"
#include "base/failure.hpp"

namespace spar::host {

class Registry;

int run_command(const Arguments &arguments);
int check_command(const Arguments &arguments);
int list_command(const Arguments &arguments);
int describe_command(const Arguments &arguments);
int attack_command(const Arguments &arguments);
int model_command(const Arguments &arguments);
int convert_command(const Arguments &arguments);
int schema_command(const Arguments &arguments);
int help_command(const Arguments &arguments);

/// The registry of the folders that the arguments and the environment name.
Registry find_plugins(const Arguments &arguments);

/// Throws with everything that is wrong with a plan's components and the files it names.
void require_sound(const Plan &plan, const Registry &registry);

/// Runs a plan, and reports as `spar run` does. Returns the exit code.
int run_plan(const Plan &plan, const Registry &registry, const Arguments &arguments);

/// The exception being handled, for programs to read: its exit code, message and problems. Call it
/// in a catch block.
Json current_error();

/// Indented by two spaces, with a line end. Bytes that are not UTF-8 are replaced.
std::string pretty(const Json &json);

}  // namespace spar::host
