#include "plugins/registry.hpp"

#include "config/parse.hpp"
#include "config/problems.hpp"
#include "config/schema.hpp"
#include "plugins/elf.hpp"
#include "plugins/library.hpp"
#include "plugins/probe.hpp"
#include "plugins/sha256.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

using Order = std::tuple<spar_kind, std::string_view>;

Order order_of(const ComponentEntry &entry) {
    return {entry.descriptor->kind, entry.descriptor->type};
}

/// The files of a folder that look like plugins, by name.
std::vector<fs::path> candidates(const fs::path &folder, std::vector<Refusal> &refusals) {
    std::vector<fs::path> files;
    std::error_code error;
    if (!fs::exists(folder, error)) return files;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().extension() == ".so") files.push_back(it->path());
    if (error) refusals.push_back({folder, "cannot be searched: " + error.message()});
    std::sort(files.begin(), files.end());
    return files;
}

/// Each file once, whatever names and links lead to it, and only those that pass the cheap checks.
std::vector<fs::path> sound_files(const std::vector<fs::path> &folders,
                                  std::vector<Refusal> &refusals) {
    std::vector<fs::path> files;
    std::set<std::pair<dev_t, ino_t>> seen;
    for (const fs::path &folder : folders) {
        for (const fs::path &file : candidates(folder, refusals)) {
            struct stat about {};
            if (::stat(file.c_str(), &about) == 0 &&
                !seen.emplace(about.st_dev, about.st_ino).second)
                continue;
            std::error_code error;
            const fs::path path = fs::canonical(file, error);
            const std::string fault = error ? error.message() : elf_fault(path);
            if (fault.empty())
                files.push_back(path);
            else
                refusals.push_back({file, fault});
        }
    }
    return files;
}

/// SHA-256 of each; empty for one that cannot be read.
std::vector<std::string> digests_of(const std::vector<fs::path> &files) {
    std::vector<std::string> digests(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
        try {
            digests[i] = sha256_of_file(files[i]);
        } catch (const std::runtime_error &) {
            continue;
        }
    }
    return digests;
}

Json parsed_schema(const spar_component &component) {
    const std::string whose = std::string("publishes a schema of \"") + component.type + "\" that ";
    try {
        Json schema = parse_json(component.schema, "schema");
        const std::string fault = schema_fault(schema, component.type);
        if (!fault.empty()) throw PluginFault(whose + "is malformed: " + fault);
        return schema;
    } catch (const PipelineError &e) {
        throw PluginFault(whose + "is no JSON: " + e.what());
    }
}

}  // namespace

Registry Registry::discover(const std::vector<fs::path> &folders, const spar_host *host) {
    Registry registry;
    const std::vector<fs::path> files = sound_files(folders, registry.refusals_);
    std::vector<std::string> digests;
    const std::vector<std::string> faults =
        probe(files, host, [&] { digests = digests_of(files); });
    for (std::size_t i = 0; i < files.size(); ++i) {
        try {
            if (!faults[i].empty()) throw PluginFault(faults[i]);
            registry.add(files[i], digests[i], host);
        } catch (const std::exception &e) {
            registry.refusals_.push_back({files[i], e.what()});
        }
    }
    std::sort(registry.components_.begin(), registry.components_.end(),
              [](const auto &a, const auto &b) { return order_of(a) < order_of(b); });
    return registry;
}

void Registry::add(const fs::path &path, const std::string &sha256, const spar_host *host) {
    if (sha256.empty()) throw PluginFault("cannot be read");
    for (const auto &other : plugins_)
        if (other->sha256 == sha256) return;  // a copy
    const spar_plugin *plugin = open_plugin(path, host);
    auto file =
        std::make_unique<PluginFile>(PluginFile{path, plugin->name, plugin->version, sha256});
    std::vector<ComponentEntry> entries;
    for (std::uint32_t i = 0; i < plugin->component_count; ++i) {
        const spar_component *component = plugin->components[i];
        for (const ComponentEntry &other : components_)
            if (order_of(other) == Order{component->kind, component->type})
                throw PluginFault(std::string("holds the ") + kind_name(component->kind) + " \"" +
                                  component->type + "\", which " + other.plugin->path.string() +
                                  " already holds; remove one of the two");
        entries.push_back(
            {component, file.get(), std::make_shared<const Json>(parsed_schema(*component))});
    }
    plugins_.push_back(std::move(file));
    components_.insert(components_.end(), entries.begin(), entries.end());
}

const ComponentEntry *Registry::find(spar_kind kind, std::string_view type) const {
    const auto found = std::lower_bound(
        components_.begin(), components_.end(), Order{kind, type},
        [](const ComponentEntry &entry, const Order &key) { return order_of(entry) < key; });
    return found != components_.end() && order_of(*found) == Order{kind, type} ? &*found : nullptr;
}

const ComponentEntry *Registry::renamed(spar_kind kind, std::string_view type) const {
    for (const ComponentEntry &entry : components_)
        if ((kind == 0 || entry.descriptor->kind == kind) &&
            entry.schema->value("x-spar-formerly", "") == type)
            return &entry;
    return nullptr;
}

std::vector<const ComponentEntry *> Registry::find(std::string_view type) const {
    std::vector<const ComponentEntry *> found;
    for (const ComponentEntry &entry : components_)
        if (entry.descriptor->type == type) found.push_back(&entry);
    return found;
}

std::vector<std::string> Registry::names(spar_kind kind) const {
    std::vector<std::string> names;
    for (const ComponentEntry &entry : components_)
        if (kind == 0 || entry.descriptor->kind == kind) names.emplace_back(entry.descriptor->type);
    return names;
}

}  // namespace spar::host
