// All plugins that were found, the components they hold, and the files that were refused.
#pragma once

#include "config/json.hpp"
#include "plugins/kinds.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

struct PluginFile {
    std::filesystem::path path;  // absolute, links resolved
    std::string name, version;   // as the plugin says
    std::string sha256;          // of the file, in hexadecimal
};

struct ComponentEntry {
    const spar_component *descriptor;  // the plugin's own, good for ever
    const PluginFile *plugin;
    std::shared_ptr<const Json> schema;  // the descriptor's, parsed and found well-formed
};

struct Refusal {
    std::filesystem::path path;
    std::string reason;  // continues "the file ..."
};

class Registry {
  public:
    Registry() = default;
    Registry(Registry &&) = default;
    Registry &operator=(Registry &&) = default;

    /// Loads every plugin (*.so) in the folders, in their order and by name inside one. A file that
    /// is no good is refused as a whole and the rest goes on; a folder that does not exist holds
    /// none. Of two components with one kind and name the first found stays. Plugins stay loaded
    /// until the process ends. [main], with no other thread running.
    static Registry discover(const std::vector<std::filesystem::path> &folders,
                             const spar_host *host);

    /// Null where there is none.
    const ComponentEntry *find(spar_kind kind, std::string_view type) const;
    /// Every kind that has a component of this name.
    std::vector<const ComponentEntry *> find(std::string_view type) const;

    /// The component that a name of old is another's now; 0: of any kind. Null where there is none.
    const ComponentEntry *renamed(spar_kind kind, std::string_view type) const;

    /// By kind, and by name inside a kind.
    const std::vector<ComponentEntry> &components() const { return components_; }
    const std::vector<std::unique_ptr<PluginFile>> &plugins() const { return plugins_; }
    const std::vector<Refusal> &refusals() const { return refusals_; }

    /// Names of all components of a kind; of every kind without one.
    std::vector<std::string> names(spar_kind kind = 0) const;

  private:
    void add(const std::filesystem::path &path, const std::string &sha256, const spar_host *host);

    std::vector<ComponentEntry> components_;
    std::vector<std::unique_ptr<PluginFile>> plugins_;
    std::vector<Refusal> refusals_;
};

}  // namespace spar::host
