// What plugins said of themselves when they were last tried, so that those that did not change need
// not be tried again.
#pragma once

#include "plugins/description.hpp"

#include <filesystem>
#include <map>
#include <optional>

namespace spar::host {

/// A plugin that came up well.
struct TriedPlugin {
    std::string sha256;  // of the file
    PluginDescription description;
};

class PluginCache {
  public:
    /// Reads the cache; an empty path, a file that another host wrote, that others may write to or
    /// that is damaged is an empty cache. Never throws.
    explicit PluginCache(std::filesystem::path file);

    /// What is known of a file, if it is still the same by its size, its times and where it lies
    /// on the disk.
    std::optional<TriedPlugin> find(const std::filesystem::path &plugin) const;
    /// `plugin` as it is on the disk now.
    void add(const std::filesystem::path &plugin, const TriedPlugin &tried);
    /// Writes the cache whole or not at all, where something was added. Never throws.
    void save() const;

  private:
    std::filesystem::path file_;
    std::map<std::string, Json> entries_;
    bool changed_ = false;
};

/// $XDG_CACHE_HOME/spar/plugins.json, or in ~/.cache; empty where there is neither.
std::filesystem::path plugin_cache_file();

}  // namespace spar::host
