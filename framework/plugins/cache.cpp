#include "plugins/cache.hpp"

#include "plugins/search.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 2000;

/// Identifies a file and its present content; empty if there is no file.
std::string stamp_of(const fs::path &path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return {};
    std::string stamp;
    for (const long long part :
         {static_cast<long long>(about.st_dev), static_cast<long long>(about.st_ino),
          static_cast<long long>(about.st_size), static_cast<long long>(about.st_mtim.tv_sec),
          static_cast<long long>(about.st_mtim.tv_nsec),
          static_cast<long long>(about.st_ctim.tv_sec),
          static_cast<long long>(about.st_ctim.tv_nsec)})
        stamp += std::to_string(part) + ".";
    return stamp;
}

/// The host that tried them: another one may require more.
std::string host_stamp() {
    return stamp_of("/proc/self/exe");
}

bool own_file(const fs::path &path) {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
           about.st_uid == ::geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

PluginCache::PluginCache(fs::path file) : file_(std::move(file)) {
    if (file_.empty() || !own_file(file_)) return;
    try {
        std::ifstream stream(file_);
        const Json whole = Json::parse(stream);
        if (whole.at("host") != host_stamp()) return;
        for (const auto &[path, entry] : whole.at("plugins").items()) entries_[path] = entry;
    } catch (const std::exception &) {
        entries_.clear();
    }
}

std::optional<TriedPlugin> PluginCache::find(const fs::path &plugin) const {
    const auto found = entries_.find(plugin.string());
    if (found == entries_.end()) return std::nullopt;
    try {
        if (found->second.at("stamp") != stamp_of(plugin)) return std::nullopt;
        return TriedPlugin{found->second.at("sha256"),
                           description_from(found->second.at("description"))};
    } catch (const nlohmann::json::exception &) {
        return std::nullopt;
    }
}

void PluginCache::add(const fs::path &plugin, const TriedPlugin &tried) {
    if (entries_.size() >= most_entries) entries_.clear();
    entries_[plugin.string()] = {{"stamp", stamp_of(plugin)},
                                 {"sha256", tried.sha256},
                                 {"description", to_json(tried.description)}};
    changed_ = true;
}

void PluginCache::save() const {
    if (file_.empty() || !changed_) return;
    try {
        fs::create_directories(file_.parent_path());
        const std::string partial = file_.string() + ".partial." + std::to_string(::getpid());
        const mode_t before = ::umask(077);
        std::ofstream stream(partial);
        ::umask(before);
        stream << Json{{"host", host_stamp()}, {"plugins", entries_}}.dump(
            -1, ' ', false, Json::error_handler_t::replace);
        stream.close();
        if (!stream || std::rename(partial.c_str(), file_.c_str()) != 0)
            std::remove(partial.c_str());
    } catch (const std::exception &) {  // then the next run tries them again
    }
}

fs::path plugin_cache_file() {
    const fs::path folder = user_folder("XDG_CACHE_HOME", ".cache");
    return folder.empty() ? folder : folder / "spar/plugins.json";
}

}  // namespace spar::host
