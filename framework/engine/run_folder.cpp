#include "engine/run_folder.hpp"

#include "engine/files.hpp"
#include "pipeline/failure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t most_plan_bytes = 1 << 26;

bool holds_files(const fs::path &folder) {
    return std::ranges::any_of(fs::recursive_directory_iterator(folder),
                               [](const fs::directory_entry &e) { return !e.is_directory(); });
}

/// Where two plans differ first, and what both have there.
std::string first_difference(const Json &there, const Json &here) {
    const Json changes = Json::diff(there, here);
    if (changes.empty()) return {};
    const Json::json_pointer place(changes[0]["path"].get<std::string>());
    const auto value = [&](const Json &plan) {
        return plan.contains(place) ? plan.at(place).dump() : std::string("nothing");
    };
    return fmt::format("at #{} its plan.json has {}, and this pipeline {}", place.to_string(),
                       value(there), value(here));
}

void check_run_to_resume(const fs::path &folder, const Json &plan) {
    const fs::path file = folder / "plan.json";
    if (!fs::exists(file)) {
        if (!holds_files(folder)) return;  // stopped before it wrote anything
        throw Failure(Exit::usage, fmt::format("{}: it holds files, but no run to resume (there is "
                                               "no plan.json); choose another with --out",
                                               folder.string()));
    }
    const Json there = Json::parse(read_file(file, most_plan_bytes), nullptr, false);
    if (const std::string difference = first_difference(there, plan); !difference.empty())
        throw Failure(Exit::pipeline,
                      fmt::format("{}: the run there is of another pipeline: {}; choose another "
                                  "with --out (its trained network can be used there: \"model\": "
                                  "{{\"weights\": ...}})",
                                  folder.string(), difference));
}

}  // namespace

void check_run_folder(const fs::path &folder, const Json &plan, bool resume) {
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        if (resume)
            throw Failure(Exit::usage, fmt::format("{}: there is no run to resume; leave --resume "
                                                   "out",
                                                   folder.string()));
        return;
    }
    if (!fs::is_directory(folder, ignored))
        throw Failure(Exit::usage,
                      fmt::format("{}: not a folder; choose another with --out", folder.string()));
    if (resume) return check_run_to_resume(folder, plan);
    if (!fs::is_empty(folder, ignored))
        throw Failure(Exit::usage, fmt::format("{}: the folder already holds a run or other files; "
                                               "choose another with --out, or go on with --resume",
                                               folder.string()));
}

RunFolder::RunFolder(const fs::path &folder, const Json &plan) {
    std::error_code failed;
    for (const char *below : {"", "checkpoints", "adversarial"}) {
        fs::create_directories(folder / below, failed);
        if (failed)
            throw Failure(Exit::usage, fmt::format("{}: cannot make the folder: {}",
                                                   (folder / below).string(), failed.message()));
    }
    lock_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // A file system without locks has none to respect.
    if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ::close(lock_);
        throw Failure(Exit::usage, fmt::format("{}: another process is running there; wait for its "
                                               "end, or choose another folder with --out",
                                               folder.string()));
    }
    write_file(folder / "plan.json", plan.dump(2) + "\n");
}

RunFolder::~RunFolder() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace spar::host
