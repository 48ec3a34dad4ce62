#include "instances/instance.hpp"

#include "base/embedder.hpp"
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "instances/blame.hpp"
#include "instances/services.hpp"
#include "plugins/library.hpp"
#include "plugins/registry.hpp"

#include <spar/children.hpp>

#include <fmt/format.h>
#include <sodium.h>
#include <map>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

Exit exit_for(spar_status status, spar_kind kind) {
    switch (status) {
        case SPAR_E_INVALID:
        case SPAR_E_UNSUPPORTED:
            return Exit::pipeline;
        case SPAR_E_DATA:  // reporters read no data, only write it
            return kind == SPAR_KIND_REPORTER ? Exit::storage : Exit::data;
        case SPAR_E_MEMORY:
            return Exit::resources;
        case SPAR_E_CANCELLED:
            return Exit::stopped;
        default:
            return Exit::plugin;
    }
}

/// Instances by their `self`. They are created and destroyed on the main thread only.
std::map<const void *, const Instance *> &living() {
    static std::map<const void *, const Instance *> all;
    return all;
}

const spar_component *load(const ComponentEntry &entry, const std::string &pointer) {
    try {
        return &entry.load();
    } catch (const PluginFault &fault) {
        throw Failure(Exit::plugin, fmt::format("#{}: the plugin {} {}", pointer,
                                                entry.plugin->path.string(), fault.what()));
    }
}

}  // namespace

const Instance *Instance::of(const spar_component_ref &ref) {
    const auto found = living().find(ref.self);
    return found != living().end() ? found->second : nullptr;
}

Instance::Instance(const ComponentEntry *entry, std::string pointer, std::uint64_t key)
    : entry_(entry),
      component_(load(*entry, pointer)),
      pointer_(std::move(pointer)),
      label_(fmt::format("{} \"{}\" of the plugin {}", kind_name(entry->descriptor->kind),
                         entry->descriptor->type, entry->plugin->path.filename().string())),
      place_("#" + pointer_),
      key_(key) {
    ref_.struct_size = sizeof ref_;
    ref_.kind = component_->kind;
    ref_.table = component_->table;
    ref_.type = component_->type;
}

Instance::~Instance() {
    living().erase(ref_.self);
    if (ref_.self == nullptr || component_->destroy == nullptr) return;
    const Call call = call_of("the destructor");
    const Calling calling(&call);
    const FloatMode before = FloatMode::now();
    try {
        component_->destroy(ref_.self);
    } catch (...) {  // a plugin's destructor: there is nothing left to do
    }
    before.restore();
    embedder().returned();
}

const char *Instance::type() const {
    return entry_->descriptor->type;
}

void Instance::fail(const char *what, spar_status status, const spar_error &error) const {
    std::string message = escaped({error.message, strnlen(error.message, sizeof error.message)},
                                  sizeof error.message);
    const std::string inside(error.pointer, strnlen(error.pointer, sizeof error.pointer));
    const bool unasked = status == SPAR_E_CANCELLED && !embedder().stop_requested();
    if (status == SPAR_E_CANCELLED && embedder().stop_requested())
        throw Failure(
            Exit::stopped,
            fmt::format("stopped in #{}; the same command with --resume goes on", pointer_));
    const Exit exit = unasked ? Exit::plugin : exit_for(status, entry_->descriptor->kind);
    if (is_blamed(inside)) throw Failure(exit, inside + ": " + message);
    if (message.empty()) message = fmt::format("failed in {} without saying why", what);
    if (unasked)
        throw Failure(exit,
                      fmt::format("#{}: {} says that the run is being stopped, which nobody asked "
                                  "for: {} ({})",
                                  pointer_, what, message, label_));
    // A plugin may name places only inside its own node.
    const bool own = inside.starts_with('/');
    throw Failure(exit,
                  fmt::format("#{}{}: {} ({})", pointer_, own ? inside : "", message, label_));
}

void Instance::float_mode_changed(const char *what, const char *difference) const {
    throw Failure(Exit::plugin,
                  fmt::format("#{}: {} of {} \"{}\" changed the processor's floating-point "
                              "settings: {}, which would change everybody's results; the plugin "
                              "is {}",
                              pointer_, what, kind_name(entry_->descriptor->kind), type(),
                              difference, entry_->plugin->path.string()));
}

void Instance::threw(const char *what, const char *text) const {
    throw Failure(Exit::plugin,
                  fmt::format("#{}: {} of {} \"{}\" let an exception out ({}), which the contract "
                              "forbids; the plugin is {}",
                              pointer_, what, kind_name(entry_->descriptor->kind), type(), text,
                              entry_->plugin->path.string()));
}

const Instance &Builder::find(const spar_component_ref &ref) const {
    if (const Instance *found = Instance::of(ref)) return *found;
    throw Failure(Exit::plugin, "a component was handed to the host that the host did not build");
}

std::uint64_t Builder::key(const std::string &pointer) const {
    const std::string text = std::to_string(seed_) + '\n' + pointer;
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, reinterpret_cast<const unsigned char *>(text.data()), text.size());
    std::uint64_t key = 0;
    for (int i = 0; i < 8; ++i) key = (key << 8) | hash[i];
    return key;
}

/// If two plugins hold what the pipeline names, its author should know which one is used.
void Builder::tell_shadowed(const ComponentEntry &entry, const std::string &pointer) const {
    for (const ComponentEntry *other : registry_.shadowed(entry))
        warnings().add(
            {.code = "shadowed_plugin",
             .place = "#" + pointer,
             .message = fmt::format("the {} \"{}\" is taken from {}, although {} holds one too",
                                    kind_name(entry.descriptor->kind), entry.descriptor->type,
                                    entry.plugin->path.string(), other->plugin->path.string()),
             .remedy = fmt::format("\"plugin\": \"{}\" in its node takes that one",
                                   other->plugin->path.string())});
}

std::unique_ptr<Instance> Builder::build(spar_kind kind, const nlohmann::ordered_json &node,
                                         const std::string &pointer) const {
    const std::string type = node.value("type", "");
    const ComponentEntry *entry = registry_.find_node(kind, node);
    if (entry == nullptr)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: there is no {} \"{}\"", pointer, kind_name(kind), type));
    tell_shadowed(*entry, pointer);
    return build(*entry, node, pointer);
}

std::unique_ptr<Instance> Builder::build(const ComponentEntry &entry,
                                         const nlohmann::ordered_json &node,
                                         const std::string &pointer) const {
    auto instance = std::make_unique<Instance>(&entry, pointer, key(pointer));
    spar_params params{.node = &node, .pointer = pointer, .key = instance->key()};
    params.path = path_;
    std::exception_ptr of_child;  // the parent sees only a status if a child fails
    params.child = [&](spar_kind child_kind, const nlohmann::ordered_json &child,
                       const std::string &child_pointer) {
        try {
            instance->children_.push_back(build(child_kind, child, child_pointer));
        } catch (...) {
            of_child = std::current_exception();
            throw;
        }
        return instance->children_.back()->ref();
    };
    void *self = nullptr;
    try {
        instance->call("the constructor", [&](spar_error *error) {
            return instance->component_->create(instance->component_,
                                                host_table_of(instance->label(), "#" + pointer),
                                                &params, &self, error);
        });
    } catch (const Failure &) {
        if (of_child) std::rethrow_exception(of_child);
        throw;
    }
    if (self == nullptr)
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {} \"{}\" made nothing and reported no error", pointer,
                                  kind_name(entry.descriptor->kind), instance->type()));
    instance->ref_.self = self;
    living()[self] = instance.get();
    return instance;
}

}  // namespace spar::host
