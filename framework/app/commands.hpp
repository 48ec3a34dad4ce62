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
int schema_command(const Arguments &arguments);
int help_command(const Arguments &arguments);

/// The registry of the folders that the arguments and the environment name.
Registry find_plugins(const Arguments &arguments);

/// The exception that is being handled as a program reads it: its exit code, message and problems.
/// Call it in a catch block.
Json current_error();

/// Two spaces and a line end, for people; nothing but what is there in bytes.
std::string pretty(const Json &json);

}  // namespace spar::host
