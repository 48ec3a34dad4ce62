// Reading the command line.
#pragma once

#include "text/source.hpp"

#include "plan/plan.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace spar::host {

struct Arguments {
    std::string command;
    std::vector<std::string> operands;
    std::vector<std::filesystem::path> plugin_folders;
    std::vector<Setting> settings;
    std::filesystem::path out;
    int threads = 1;
    bool json = false;
    bool resume = false;
    bool anyway = false;  // --resume=anyway
    bool quiet = false, verbose = false;
    bool help = false;
    /// What options of single commands say: in the order given, none if not given.
    std::map<std::string, std::vector<std::string>> more;

    bool has(const std::string &option) const { return more.contains(option); }
    /// Of an option that may be given once; empty if it is not given.
    std::string value(const std::string &option) const {
        const auto found = more.find(option);
        return found == more.end() ? "" : found->second.front();
    }
    const std::vector<std::string> &values(const std::string &option) const {
        static const std::vector<std::string> none;
        const auto found = more.find(option);
        return found == more.end() ? none : found->second;
    }
};

/// One of the commands: the table that reading, help and dispatch share.
struct Command {
    const char *name;
    const char *operands;  // "PIPELINE.json"
    std::size_t fewest, most;
    const char *summary;
    const char *options;  // names of options below, separated by spaces
    int (*function)(const Arguments &);
};

extern const std::vector<Command> commands;

/// Throws Failure(Exit::usage) saying what is wrong and how to go on.
Arguments read_arguments(const std::vector<std::string> &words);

/// What `spar help` and `spar help COMMAND` print.
std::string general_help();
std::string command_help(const Command &command);

/// Null if there is none.
const Command *find_command(const std::string &name);

}  // namespace spar::host
