#include "plugins/registry.hpp"

#include "base/embedder.hpp"
#include "base/kinds.hpp"
#include "base/problems.hpp"
#include "base/sha256.hpp"
#include "base/words.hpp"
#include "plugins/cache.hpp"
#include "plugins/calls.hpp"
#include "plugins/files.hpp"
#include "plugins/library.hpp"
#include "text/default_nodes.hpp"
#include "text/parse.hpp"
#include "text/schema.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

using Order = std::tuple<spar_kind, std::string_view>;

Order order_of(const ComponentEntry &entry) {
    return {entry.descriptor->kind, entry.descriptor->type};
}

/// SHA-256 of a file; empty if it cannot be read.
std::string digest_of(const fs::path &file) {
    try {
        return sha256_of_file(file);
    } catch (const std::runtime_error &) {
        return {};
    }
}

/// The result for every file, from the cache or else from the prober. Successful ones have a
/// digest.
std::pair<std::vector<Probed>, std::vector<std::string>> try_all(const std::vector<fs::path> &files,
                                                                 const spar_host *host,
                                                                 PluginCache &cache,
                                                                 const Prober &prober) {
    std::vector<Probed> probed(files.size());
    std::vector<std::string> digests(files.size());
    std::vector<fs::path> unknown;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (auto known = cache.find(files[i])) {
            digests[i] = std::move(known->sha256);
            probed[i].description = std::move(known->description);
        } else {
            unknown.push_back(files[i]);
            places.push_back(i);
        }
    }
    const auto hash = [&] {
        for (const std::size_t i : places) digests[i] = digest_of(files[i]);
    };
    std::vector<Probed> tried = prober(unknown, host, hash);
    for (std::size_t i = 0; i < tried.size(); ++i) {
        const std::size_t at = places[i];
        if (tried[i].description && !digests[at].empty())
            cache.add(files[at], {digests[at], *tried[i].description});
        probed[at] = std::move(tried[i]);
    }
    cache.save();
    return {std::move(probed), std::move(digests)};
}

Json parsed_schema(const ComponentDescription &component) {
    const std::string whose = "publishes a schema of \"" + component.type + "\" that ";
    try {
        Json schema = parse_json(component.schema, "schema");
        const std::string fault = schema_fault(schema, component.type);
        if (!fault.empty()) throw PluginFault(whose + "is malformed: " + fault);
        return schema;
    } catch (const PipelineError &e) {
        throw PluginFault(whose + "is no JSON: " + e.what());
    }
}

void check_example(const ComponentDescription &component) {
    if (component.example.empty()) return;
    try {
        parse_json(component.example, "example");
    } catch (const PipelineError &e) {
        throw PluginFault("gives an example of \"" + component.type +
                          "\" that is no JSON: " + e.what());
    }
}

std::string name_of(const spar_component &component) {
    return std::string("the ") + kind_name(component.kind) + " \"" + component.type + "\"";
}

}  // namespace

const spar_plugin &PluginFile::load() const {
    if (loaded_ != nullptr) return *loaded_;
    const std::string whom = "the plugin " + path.string();
    const Call call{"the loading", whom.c_str(), ""};
    const Calling calling(&call);
    if (digest_of(path) != sha256)
        throw PluginFault("is no longer what it was when it was tried; run the command again");
    const spar_plugin *plugin = open_plugin(path, host);
    if (describe(*plugin) != description)
        throw PluginFault(
            "describes itself differently than when it was tried in a separate process");
    loaded_ = plugin;
    if (!own) embedder().loaded_foreign(path.filename().string());
    return *loaded_;
}

const spar_component &ComponentEntry::load() const {
    if (own != nullptr) return *own;
    const spar_plugin &loaded = plugin->load();
    for (std::uint32_t i = 0; i < loaded.component_count; ++i) {
        const spar_component &component = *loaded.components[i];
        if (component.kind == descriptor->kind &&
            std::string_view(component.type) == descriptor->type)
            return component;
    }
    throw PluginFault("no longer holds " + name_of(*descriptor));
}

Registry Registry::discover(const std::vector<fs::path> &folders, const spar_host *host,
                            const fs::path &cache_file, const Prober &prober) {
    Registry registry;
    registry.folders_ = folders;
    PluginCache cache(cache_file);
    const std::vector<fs::path> files = sound_files(folders, registry.refusals_);
    auto [probed, digests] = try_all(files, host, cache, prober);
    for (std::size_t i = 0; i < files.size(); ++i) {
        try {
            if (!probed[i].fault.empty()) throw PluginFault(probed[i].fault);
            if (digests[i].empty()) throw PluginFault("cannot be read");
            auto file = std::make_unique<PluginFile>();
            file->path = files[i];
            file->sha256 = digests[i];
            file->own = is_own(files[i].parent_path());
            file->description = std::move(*probed[i].description);
            file->name = file->description.name;
            file->version = file->description.version;
            file->host = host;
            file->loaded_ = probed[i].loaded;
            registry.add(std::move(file));
        } catch (const std::exception &e) {
            registry.refusals_.push_back({files[i], e.what()});
        }
    }
    const auto before = [](const auto &a, const auto &b) { return order_of(a) < order_of(b); };
    std::sort(registry.components_.begin(), registry.components_.end(), before);
    registry.refuse_wrong_defaults();
    return registry;
}

void Registry::add(std::unique_ptr<PluginFile> file) {
    for (const auto &other : plugins_)
        if (other->sha256 == file->sha256) return;  // a copy
    std::vector<ComponentEntry> entries;
    const ComponentEntry *twin = nullptr;
    for (const ComponentDescription &component : file->description.components) {
        check_example(component);
        auto schema = std::make_shared<const Json>(parsed_schema(component));
        descriptors_.push_back(component.descriptor());
        entries.push_back({&descriptors_.back(), file.get(), std::move(schema)});
        if (twin == nullptr) twin = find_unsorted(component.kind, component.type);
    }
    if (twin == nullptr) {
        plugins_.push_back(std::move(file));
        components_.insert(components_.end(), entries.begin(), entries.end());
        return;
    }
    const std::string path = file->path.string();
    const std::string whose = twin->plugin->own
                                  ? "which is one of Spar's own"
                                  : "which " + twin->plugin->path.string() + " already holds";
    refusals_.push_back(
        {file->path, "holds " + name_of(*twin->descriptor) + ", " + whose +
                         "; a pipeline that means this one names the file: {\"type\": \"" +
                         twin->descriptor->type + "\", \"plugin\": " + quote(path, 1000) + "}"});
    for (ComponentEntry &entry : entries) entry.by_file = true;
    by_file_.insert(by_file_.end(), entries.begin(), entries.end());
    refused_plugins_.push_back(std::move(file));
}

/// The component in a default may be missing, but must not be of another kind.
void Registry::refuse_wrong_defaults() {
    std::map<const PluginFile *, std::string> faults;
    for (const ComponentEntry &entry : components_)
        for (const DefaultNode &node : default_nodes(*entry.schema)) {
            const auto others = find(node.type);
            if (others.empty() || find(*parse_kind(node.kind), node.type) != nullptr) continue;
            faults.emplace(entry.plugin, "publishes a schema of \"" +
                                             std::string(entry.descriptor->type) +
                                             "\" that is malformed: #" + node.pointer +
                                             ": expected " + with_article(node.kind) + "; found " +
                                             with_article(kind_name(others[0]->descriptor->kind)) +
                                             ", " + quote(node.type));
        }
    for (const auto &fault : faults) {
        const PluginFile *plugin = fault.first;
        std::erase_if(components_, [&](const ComponentEntry &e) { return e.plugin == plugin; });
        refusals_.push_back({plugin->path, fault.second});
        std::erase_if(plugins_, [&](const auto &file) { return file.get() == plugin; });
    }
}

const ComponentEntry *Registry::find_unsorted(spar_kind kind, std::string_view type) const {
    const auto found =
        std::find_if(components_.begin(), components_.end(), [&](const ComponentEntry &entry) {
            return order_of(entry) == Order{kind, type};
        });
    return found != components_.end() ? &*found : nullptr;
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

const ComponentEntry *Registry::find_in(const fs::path &file, spar_kind kind,
                                        std::string_view type) const {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(file, error);
    for (const auto *entries : {&components_, &by_file_})
        for (const ComponentEntry &entry : *entries)
            if (order_of(entry) == Order{kind, type} && entry.plugin->path == whole) return &entry;
    return nullptr;
}

const ComponentEntry *Registry::find_node(spar_kind kind, const Json &node) const {
    const auto type = node.value("type", std::string());
    const auto file = node.find("plugin");
    return file != node.end() && file->is_string() ? find_in(file->get<std::string>(), kind, type)
                                                   : find(kind, std::string_view(type));
}

std::vector<const ComponentEntry *> Registry::shadowed(const ComponentEntry &entry) const {
    std::vector<const ComponentEntry *> found;
    if (entry.by_file) return found;
    for (const ComponentEntry &other : by_file_)
        if (order_of(other) == order_of(entry)) found.push_back(&other);
    return found;
}

std::vector<const PluginFile *> Registry::files() const {
    std::vector<const PluginFile *> files;
    for (const auto *plugins : {&plugins_, &refused_plugins_})
        for (const auto &plugin : *plugins) files.push_back(plugin.get());
    return files;
}

std::vector<std::string> Registry::names(spar_kind kind) const {
    std::vector<std::string> names;
    for (const ComponentEntry &entry : components_)
        if (kind == 0 || entry.descriptor->kind == kind) names.emplace_back(entry.descriptor->type);
    return names;
}

std::string searched(const Registry &registry) {
    std::vector<std::string> there, missing;
    for (const fs::path &folder : registry.folders()) {
        std::error_code error;
        (fs::is_directory(folder, error) ? there : missing).push_back(folder.string());
    }
    return "searched: " + listed(there) +
           (missing.empty() ? "" : "; not there: " + listed(missing));
}

}  // namespace spar::host
