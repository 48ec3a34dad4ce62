// From a node of the plan to a living component, its children first.
#pragma once

#include "base/embedder.hpp"
#include "base/failure.hpp"
#include "base/float_mode.hpp"
#include "instances/params.hpp"
#include "plugins/calls.hpp"

#include "instances/guarded.hpp"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace spar::host {

class Registry;
struct ComponentEntry;

/// One component. Calls into it go through call(), which turns its failure into a Failure.
class Instance {
  public:
    /// Loads the component's plugin.
    Instance(const ComponentEntry *entry, std::string pointer, std::uint64_t key);
    ~Instance();
    Instance(const Instance &) = delete;
    Instance &operator=(const Instance &) = delete;

    const ComponentEntry &entry() const { return *entry_; }
    const std::string &pointer() const { return pointer_; }
    /// The plugin's own descriptor.
    const spar_component &component() const { return *component_; }
    const char *type() const;
    std::uint64_t key() const { return key_; }
    const spar_component_ref &ref() const { return ref_; }
    void *self() const { return ref_.self; }

    template <class Table>
    const Table &table() const {
        return *static_cast<const Table *>(ref_.table);
    }

    /// Runs one function of the component's table; throws Failure when it fails, or when it leaves
    /// the processor's floating-point settings changed.
    template <class Function>
    void call(const char *what, Function &&function) const {
        spar_error error = empty_error();
        const auto status = guarded_call(what, [&] { return function(&error); });
        if (status != SPAR_OK) fail(what, status, error);
    }

    /// Like call(), for a function that returns a value instead of a status.
    template <class Function>
    auto ask(const char *what, Function &&function) const {
        decltype(function()) value{};
        guarded_call(what, [&]() -> spar_status {
            value = function();
            return SPAR_OK;
        });
        return value;
    }

    /// The components that are its parameters.
    const std::vector<std::unique_ptr<Instance>> &children() const { return children_; }

    /// Its name in messages: loss "kl" of the plugin kl.so.
    const std::string &label() const { return label_; }

    /// The record of a call of one of its functions while it runs.
    Call call_of(const char *what) const { return {what, label_.c_str(), place_.c_str()}; }

    /// The live instance behind a reference; null if the host did not build it.
    static const Instance *of(const spar_component_ref &ref);

  private:
    friend class Builder;
    template <class Function>
    spar_status guarded_call(const char *what, Function &&function) const;
    [[noreturn]] void fail(const char *what, spar_status status, const spar_error &error) const;
    [[noreturn]] void float_mode_changed(const char *what, const char *difference) const;
    [[noreturn]] void threw(const char *what, const char *text) const;

    const ComponentEntry *entry_;
    const spar_component *component_;  // the plugin's own
    std::string pointer_;
    std::string label_, place_;
    std::uint64_t key_;
    spar_component_ref ref_{};
    std::vector<std::unique_ptr<Instance>> children_;
};

/// Builds instances of one plan.
class Builder {
  public:
    Builder(const Registry &registry, std::uint64_t seed, PathResolver path)
        : registry_(registry), seed_(seed), path_(std::move(path)) {}

    /// `node` is at `pointer` in the plan, and must outlive the instance.
    std::unique_ptr<Instance> build(spar_kind kind, const nlohmann::ordered_json &node,
                                    const std::string &pointer) const;

    /// The same for a component that is not in a plugin. `entry` must outlive the instance, too.
    std::unique_ptr<Instance> build(const ComponentEntry &entry, const nlohmann::ordered_json &node,
                                    const std::string &pointer) const;

    /// The random key for a node, or for a purpose of the host's own.
    std::uint64_t key(const std::string &pointer) const;

    /// The instance behind a reference given to a component; both must be alive.
    const Instance &find(const spar_component_ref &ref) const;

  private:
    void tell_shadowed(const ComponentEntry &entry, const std::string &pointer) const;

    const Registry &registry_;
    std::uint64_t seed_;
    PathResolver path_;
};

template <class Function>
spar_status Instance::guarded_call(const char *what, Function &&function) const {
    const Call call = call_of(what);
    const Calling calling(&call);
    const FloatMode before = FloatMode::now();
    spar_status status = SPAR_OK;
    try {
        status = function();
    } catch (const Failure &) {
        throw;
    } catch (const std::exception &e) {
        threw(what, e.what());
    } catch (...) {
        threw(what, "an exception of an unknown type");
    }
    embedder().returned();
    if (const FloatMode after = FloatMode::now(); after != before) {
        before.restore();
        float_mode_changed(what, before.difference(after));
    }
    return status;
}

}  // namespace spar::host
