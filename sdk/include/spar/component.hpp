// What all components share: their description, their creation from parameters, the host's
// services.
#pragma once

#include <spar/children.hpp>
#include <spar/fields.hpp>
#include <spar/philox.hpp>
#include <spar/state.hpp>
#include <spar/variants.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace SPAR_HIDDEN spar {

/// What a component says of itself; a static constexpr member `about` of its class.
struct About {
    const char *type;            /// its name in the pipeline: lower case, digits, underscores
    const char *summary;         /// one sentence
    const char *formula = "";    /// what it computes, in plain text
    const char *reference = "";  /// the paper or source
    const char *example = "";    /// the smallest pipeline that uses it, as JSON
    const char *formerly = "";   /// its former name, for the error about it; empty: none
    /// Defaults that have changed since pipelines of version 1, about which the host warns. A JSON
    /// object: {"xi": "1e-6"} gives what to write to get the old one; {"list": {"norm": "l1",
    /// "was": "[]"}} if it differs under that norm only. Empty: none.
    const char *version_1 = "";
    bool default_reporter = false;  /// a reporter that runs even if the pipeline does not list it
};

/// What the author of a pipeline would want to know although the run goes on; the fields of
/// spar_warning.
struct Warning {
    const char *code;                         /// what happened: "zero_gradients"
    std::string message;                      /// what was found and what was expected
    std::string remedy = {};                  /// how to go on
    std::string pointer = {};                 /// of the parameter concerned: "/steps"
    std::int64_t count = 0;                   /// how often; 0: does not apply
    std::vector<std::int64_t> examples = {};  /// ids of some of them
};

/// Base of every component, through Attack, Loss and the other kinds. A derived class declares
/// `about` and its parameters, overrides what its kind asks, and is named in SPAR_PLUGIN. The host
/// constructs it, fills the parameters in and calls configure(); only then come the calls of its
/// kind. Log, warnings, random numbers and threads come from the functions below, not from
/// elsewhere.
class Component : public Record {
  public:
    const spar_host &host() const { return *host_; }
    /// Key of this component's random numbers: unique in the pipeline, the same in every run.
    std::uint64_t random_key() const { return key_; }

    void log(spar_severity severity, const std::string &text) const {
        host_->log(host_, severity, text.c_str());
    }
    /// Printed once, and kept in the run's results; see spar_warning.
    void warn(const Warning &warning) const {
        spar_warning raw{};
        raw.struct_size = sizeof raw;
        raw.code = warning.code;
        raw.pointer = warning.pointer.c_str();
        raw.message = warning.message.c_str();
        raw.remedy = warning.remedy.c_str();
        raw.count = warning.count;
        raw.examples = warning.examples.data();
        raw.example_count = static_cast<std::int64_t>(warning.examples.size());
        host_->warn(host_, &raw);
    }

    /// Runs work(i) for i in [0, count) on the host's threads and waits. `count` must depend on the
    /// problem alone, not on the number of threads.
    template <class Work>
    void parallel_for(std::int64_t count, Work &&work) const {
        spar_task task = [](void *context, std::int64_t index, spar_error *error) {
            return guarded(
                error, [&] { (*static_cast<std::remove_reference_t<Work> *>(context))(index); });
        };
        void *context = const_cast<void *>(static_cast<const void *>(&work));
        checked([&](spar_error *e) { return host_->parallel_for(host_, count, task, context, e); });
    }

    /// The same for the rows of a batch, in blocks of 16.
    template <class Work>
    void for_rows(std::int64_t rows, Work &&work) const {
        constexpr std::int64_t block = 16;
        parallel_for((rows + block - 1) / block, [&](std::int64_t index) {
            const std::int64_t end = std::min(rows, (index + 1) * block);
            for (std::int64_t row = index * block; row < end; ++row) work(row);
        });
    }

    void bind(const spar_host *host, const spar_params *params) {
        host_ = host;
        key_ = host->random_key(params);
        read(Reader{host, params, ""});
    }

  private:
    const spar_host *host_ = nullptr;
    std::uint64_t key_ = 0;
};

namespace glue {

/// The class of a kind (Attack, Loss, ...) is the `self` of its table, so that one table serves all
/// components of the kind. Each kind's class has `using Kind`, `kind` and `table()`.
template <class T>
spar_status create(const spar_component *, const spar_host *host, const spar_params *params,
                   void **self, spar_error *error) {
    return guarded(error, [&] {
        auto instance = std::make_unique<T>();
        instance->bind(host, params);
        *self = static_cast<typename T::Kind *>(instance.release());
    });
}

template <class T>
void destroy(void *self) {
    delete static_cast<typename T::Kind *>(self);
}

template <class T>
const std::string &schema_of() {
    static const std::string text = [] {
        Definitions definitions;
        const T instance;
        JsonObject schema = instance.schema(T::about.type, definitions);
        if (!definitions.empty()) {
            JsonObject all;
            for (const auto &[name, definition] : definitions) all.raw(name, definition);
            schema.raw("definitions", all.str());
        }
        if (*T::about.formerly != '\0') schema.text("x-spar-formerly", T::about.formerly);
        if (*T::about.version_1 != '\0') schema.raw("x-spar-version-1", T::about.version_1);
        return schema.str();
    }();
    return text;
}

template <class T>
const spar_component *descriptor() {
    static const spar_component component = [] {
        spar_component c{};
        c.struct_size = sizeof c;
        c.kind = T::Kind::kind;
        c.flags = T::about.default_reporter ? SPAR_COMPONENT_DEFAULT : 0U;
        c.type = T::about.type;
        c.summary = T::about.summary;
        c.formula = T::about.formula;
        c.reference = T::about.reference;
        c.schema = schema_of<T>().c_str();
        c.example = T::about.example;
        c.table = T::Kind::table();
        c.create = create<T>;
        c.destroy = destroy<T>;
        constexpr bool saves = requires(const T &t, const StateOut &out) {
            t.save(out);
        };
        constexpr bool loads = requires(T & t, const StateIn &in) {
            t.load(in);
        };
        static_assert(saves == loads,
                      "state takes both: void save(const spar::StateOut &) const and "
                      "void load(const spar::StateIn &)");
        if constexpr (saves) {
            c.save = [](void *self, const spar_stream *stream, spar_error *error) {
                const auto *kind = static_cast<typename T::Kind *>(self);
                return guarded(error,
                               [&] { static_cast<const T *>(kind)->save(StateOut(stream)); });
            };
            c.load = [](void *self, const spar_stream *stream, spar_error *error) {
                auto *kind = static_cast<typename T::Kind *>(self);
                return guarded(error, [&] { static_cast<T *>(kind)->load(StateIn(stream)); });
            };
        }
        return c;
    }();
    return &component;
}

template <class... Components>
const spar_plugin *plugin(const char *name, const char *version) {
    static const spar_component *const components[] = {descriptor<Components>()...};
    static const spar_plugin description{
        .struct_size = sizeof(spar_plugin),
        .abi_minor_built = SPAR_ABI_MINOR,
        .abi_minor_required = 0,
        .component_count = static_cast<std::uint32_t>(sizeof...(Components)),
        .required_feature = "",
        .name = name,
        .version = version,
        .components = components};
    return &description;
}

}  // namespace glue
}  // namespace spar

/// The entry of a plugin; once in a library: SPAR_PLUGIN("mine", "1.0.0", MyAttack, MyOtherAttack)
#define SPAR_PLUGIN(name, version, ...)                                                          \
    extern "C" SPAR_EXPORT spar_status spar_plugin_entry_v1(                                     \
        const spar_host *, const spar_plugin **plugin, spar_error *error) {                      \
        return spar::guarded(error,                                                              \
                             [&] { *plugin = spar::glue::plugin<__VA_ARGS__>(name, version); }); \
    }
