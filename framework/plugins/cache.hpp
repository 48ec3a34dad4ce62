// The descriptions of plugins from when they were last tried, so that unchanged files need not be
// tried again.
#pragma once

#include "plugins/description.hpp"

#include <filesystem>
#include <map>
#include <optional>

namespace spar::host {

/// A plugin that loaded successfully.
struct TriedPlugin {
    std::string sha256;  // of the file
    PluginDescription description;
};

class PluginCache {
  public:
    /// Reads the cache. An empty path, a file written by another host, one that others may write
    /// to, or a damaged one counts as an empty cache. Never throws.
    explicit PluginCache(std::filesystem::path file);

    /// What is known about a file, if its size, times and place on the disk have not changed.
    std::optional<TriedPlugin> find(const std::filesystem::path &plugin) const;
    /// Adds `plugin` as it is on the disk now.
    void add(const std::filesystem::path &plugin, const TriedPlugin &tried);
    /// Writes the cache, completely or not at all, if something was added. Never throws.
    void save() const;

  private:
    std::filesystem::path file_;
    std::map<std::string, Json> entries_;
    bool changed_ = false;
};

/// $XDG_CACHE_HOME/spar/plugins.json, or in ~/.cache; empty if there is neither.
std::filesystem::path plugin_cache_file();

}  // namespace spar::host
