#include "run/run_folder.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/warnings.hpp"
#include "run/run_files.hpp"
#include "run/same_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

namespace spar::host {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t most_plan_bytes = 1 << 26;

constexpr const char *subfolders[] = {run_files::checkpoints, run_files::adversarial};

/// Whether a folder holds no files except those that a killed run left half-written.
bool holds_nothing(const fs::path &folder) {
    return std::ranges::all_of(
        fs::recursive_directory_iterator(folder),
        [](const fs::directory_entry &e) { return e.is_directory() || is_partial(e.path()); });
}

/// A process whose supervisor was killed is killed too, but holds its lock until it is gone.
constexpr auto patience = std::chrono::seconds(2);

/// 0, EWOULDBLOCK if another process holds the lock, or the reason why there can be none.
int lock_within(int folder, std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (::flock(folder, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > end) return errno;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return 0;
}

/// Some file systems have no locks (ENOLCK, EOPNOTSUPP); run without one there.
void warn_without_lock(const fs::path &folder, int error) {
    warnings().add({.code = "folder_not_locked",
                    .message = fmt::format("{}: the folder cannot be locked ({})", folder.string(),
                                           std::strerror(error)),
                    .remedy = "see to it that no other run writes there"});
}

void check_run_to_resume(const fs::path &folder, const Json &plan) {
    const fs::path file = folder / run_files::plan;
    if (!fs::exists(file)) {
        if (holds_nothing(folder)) return;  // stopped before writing anything
        throw Failure(Exit::usage, fmt::format("{}: it holds files, but no run to resume (there is "
                                               "no plan.json); choose another with --out",
                                               folder.string()));
    }
    const Json there = Json::parse(read_file(file, most_plan_bytes), nullptr, false);
    if (there.is_discarded())
        throw Failure(Exit::data, file.string() +
                                      ": damaged, it is no JSON; choose another folder "
                                      "with --out");
    if (const std::string difference = first_difference(there, plan); !difference.empty())
        throw Failure(Exit::pipeline,
                      fmt::format("{}: the run there is of another pipeline: {}; choose another "
                                  "with --out (its trained network can be used there: \"model\": "
                                  "{{\"weights\": ...}})",
                                  folder.string(), difference));
}

}  // namespace

RunFolder::RunFolder(fs::path folder, const Json &plan, bool resume)
    : folder_(std::move(folder)), plan_(plan) {
    std::error_code error;
    const bool there = fs::exists(folder_, error);
    if (!there && resume)
        throw Failure(Exit::usage, fmt::format("{}: there is no run to resume; leave --resume out",
                                               folder_.string()));
    if (there && !fs::is_directory(folder_, error))
        throw Failure(Exit::usage,
                      fmt::format("{}: not a folder; choose another with --out", folder_.string()));
    try {
        lock();
        check(resume);
    } catch (...) {
        if (lock_ >= 0) ::close(lock_);
        throw;
    }
}

void RunFolder::lock() {
    // Another process that created the folder in vain may remove it before it is locked here.
    for (int attempt = 0;; ++attempt) {
        for (fs::path above = folder_; !fs::exists(above); above = above.parent_path())
            made_ = above;
        std::error_code error;
        fs::create_directories(folder_, error);
        lock_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock_ < 0 && attempt < 100 && !error && errno == ENOENT) continue;
        if (error || lock_ < 0)
            throw Failure(Exit::storage,
                          fmt::format("{}: cannot use the folder: {}", folder_.string(),
                                      error ? error.message() : std::strerror(errno)));
        const int unlocked = lock_within(lock_, patience);
        if (unlocked != 0 && unlocked != EWOULDBLOCK) warn_without_lock(folder_, unlocked);
        if (unlocked == EWOULDBLOCK)
            throw Failure(Exit::usage,
                          fmt::format("{}: another process is running there; wait for its end, or "
                                      "choose another folder with --out",
                                      folder_.string()));
        struct stat held {
        }, named{};
        if (::fstat(lock_, &held) == 0 && ::stat(folder_.c_str(), &named) == 0 &&
            held.st_ino == named.st_ino && held.st_dev == named.st_dev)
            return store_entries();
        ::close(lock_);
        lock_ = -1;
        if (attempt >= 100)
            throw Failure(Exit::storage, folder_.string() + ": the folder is being taken away");
    }
}

/// Makes new folders durable in their parents against a power cut.
void RunFolder::store_entries() const {
    for (fs::path here = folder_; !made_.empty(); here = here.parent_path()) {
        sync_folder(here.parent_path());
        if (here == made_) return;
    }
}

void RunFolder::check(bool resume) const {
    if (resume) return check_run_to_resume(folder_, plan_);
    if (!holds_nothing(folder_))
        throw Failure(Exit::usage,
                      fmt::format("{}: the folder already holds a run or other files; go on with "
                                  "--resume, or choose another with --out",
                                  folder_.string()));
}

RunFolder::~RunFolder() {
    // While it is locked, and only if it is empty.
    for (fs::path here = folder_; !made_.empty(); here = here.parent_path())
        if (::rmdir(here.c_str()) != 0 || here == made_) break;
    ::close(lock_);
}

void RunFolder::begin(const Json &shown) const {
    for (const char *name : subfolders) {
        std::error_code error;
        fs::create_directories(folder_ / name, error);
        if (error)
            throw Failure(Exit::storage, fmt::format("{}: cannot make the folder: {}",
                                                     (folder_ / name).string(), error.message()));
    }
    for (const fs::path &folder : {folder_, folder_ / subfolders[0], folder_ / subfolders[1]})
        for (const fs::directory_entry &entry : fs::directory_iterator(folder))
            if (is_partial(entry.path())) fs::remove(entry.path());
    write_file(folder_ / run_files::plan, shown.dump(2) + "\n");
}

}  // namespace spar::host
