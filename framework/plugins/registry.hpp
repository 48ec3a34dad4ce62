// All plugins found, their components, and the files that were refused.
#pragma once

#include "base/json.hpp"
#include "base/kinds.hpp"
#include "plugins/description.hpp"
#include "plugins/files.hpp"
#include "plugins/probe.hpp"

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// A plugin that passed its trial.
struct PluginFile {
    std::filesystem::path path;     // absolute, links resolved
    std::string name, version;      // as the plugin states it
    std::string sha256;             // of the file, in hexadecimal
    bool own = false;               // in a folder of Spar's own
    PluginDescription description;  // its complete description
    const spar_host *host;          // passed to its entry

    /// Loads the file into this process at the first call. Throws PluginFault if the file has
    /// changed since it was tried, or now describes itself differently. [main]
    const spar_plugin &load() const;

  private:
    friend class Registry;
    mutable const spar_plugin *loaded_ = nullptr;
};

struct ComponentEntry {
    const spar_component *descriptor;  // the host's copy, without functions
    const PluginFile *plugin;
    std::shared_ptr<const Json> schema;   // the descriptor's, parsed and verified
    bool by_file = false;                 // used only by pipelines that name its file
    const spar_component *own = nullptr;  // with its functions, if it is the host's own

    /// The plugin's own descriptor, with its functions; see PluginFile::load.
    const spar_component &load() const;
};

class Registry {
  public:
    Registry() = default;
    Registry(Registry &&) = default;
    Registry &operator=(Registry &&) = default;

    /// Tries every plugin (*.so) in the folders, in their order and by name inside one. None is
    /// loaded into this process until one of its components is used. A faulty file, or one that
    /// others could have put there, is refused as a whole, and the others are still tried; a
    /// missing folder counts as empty. Of two components with the same kind and name Spar's own
    /// wins, otherwise the first found; the other file is refused, except for pipelines that name
    /// it. Plugins stay loaded until the process ends. `cache`, if given, is a file that stores the
    /// results; `prober` tries the files that are not in it. [main]
    static Registry discover(const std::vector<std::filesystem::path> &folders,
                             const spar_host *host, const std::filesystem::path &cache = {},
                             const Prober &prober = probe_here);

    /// Null if there is none.
    const ComponentEntry *find(spar_kind kind, std::string_view type) const;
    /// Every kind that has a component of this name.
    std::vector<const ComponentEntry *> find(std::string_view type) const;
    /// The one in the plugin of this file, even if another has the same name; null if there is
    /// none. `file` is absolute.
    const ComponentEntry *find_in(const std::filesystem::path &file, spar_kind kind,
                                  std::string_view type) const;
    /// The component that a node of a plan names by "type" and "plugin".
    const ComponentEntry *find_node(spar_kind kind, const Json &node) const;
    /// Those that this one takes precedence over in find().
    std::vector<const ComponentEntry *> shadowed(const ComponentEntry &entry) const;

    /// The component that formerly had this name; kind 0: of any kind. Null if there is none.
    const ComponentEntry *renamed(spar_kind kind, std::string_view type) const;

    /// By kind, and by name inside a kind.
    const std::vector<ComponentEntry> &components() const { return components_; }
    const std::vector<std::unique_ptr<PluginFile>> &plugins() const { return plugins_; }
    /// Those, and the ones that a pipeline gets only by naming their file.
    std::vector<const PluginFile *> files() const;
    const std::vector<Refusal> &refusals() const { return refusals_; }
    /// The folders that were searched.
    const std::vector<std::filesystem::path> &folders() const { return folders_; }

    /// Names of all components of a kind; of every kind without one.
    std::vector<std::string> names(spar_kind kind = 0) const;

  private:
    void add(std::unique_ptr<PluginFile> file);
    void refuse_wrong_defaults();
    const ComponentEntry *find_unsorted(spar_kind kind, std::string_view type) const;

    std::vector<std::filesystem::path> folders_;
    std::vector<ComponentEntry> components_, by_file_;
    std::vector<std::unique_ptr<PluginFile>> plugins_, refused_plugins_;
    std::deque<spar_component> descriptors_;
    std::vector<Refusal> refusals_;
};

/// "searched: /a, /b; not there: /c", for messages.
std::string searched(const Registry &registry);

}  // namespace spar::host
