// A host of a few lines for the plugins of docs/decisions/0013.
#pragma once

#include <spar/abi.h>

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

inline void expect(bool holds, const char *what) {
    if (holds) return;
    std::printf("FAILED: %s\n", what);
    std::exit(1);
}

inline std::map<std::string, double> parameters;

inline double parameter(const char *pointer) {
    return parameters.at(pointer);
}

inline spar_host host() {
    spar_host h{};
    h.struct_size = sizeof h;
    h.abi_minor = SPAR_ABI_MINOR;
    h.value_size = [](const spar_params *, const char *) -> std::int64_t { return 0; };
    h.get_integer = [](const spar_params *, const char *at, std::int64_t *value, spar_error *) {
        *value = static_cast<std::int64_t>(parameter(at));
        return SPAR_OK;
    };
    h.get_number = [](const spar_params *, const char *at, double *value, spar_error *) {
        *value = parameter(at);
        return SPAR_OK;
    };
    h.random_key = [](const spar_params *) -> std::uint64_t { return 7; };
    return h;
}

inline spar_error error{};

inline void ok(spar_status status, const char *what) {
    if (status != SPAR_OK) std::printf("%s\n", error.message);
    expect(status == SPAR_OK, what);
}

struct Instance {
    const spar_component *component;
    void *self;

    Instance(const std::string &file, std::uint32_t index, std::map<std::string, double> values) {
        parameters = std::move(values);
        static const spar_host services = host();
        void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) std::printf("%s\n", dlerror());
        expect(library != nullptr, "the plugin loads");
        const auto entry = reinterpret_cast<spar_plugin_entry>(dlsym(library, SPAR_PLUGIN_ENTRY));
        const spar_plugin *plugin = nullptr;
        ok(entry(&services, &plugin, &error), "the entry answers");
        expect(plugin->abi_minor_required <= SPAR_ABI_MINOR, "it needs no more than there is");
        component = plugin->components[index];
        ok(component->create(component, &services, nullptr, &self, &error), component->type);
    }
    ~Instance() { component->destroy(self); }
    Instance(const Instance &) = delete;
    Instance &operator=(const Instance &) = delete;

    template <class Table>
    const Table &table() const {
        return *static_cast<const Table *>(component->table);
    }
};

void texts_are_attacked(const std::string &folder);
void decisions_are_enough(const std::string &folder);
void sites_are_perturbed(const std::string &folder);
