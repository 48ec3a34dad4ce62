#include "plugins/library.hpp"

#include "base/float_mode.hpp"
#include "base/words.hpp"
#include "plugins/answer.hpp"

#include <spar/error.hpp>

#include <dlfcn.h>

namespace spar::host {
namespace {

/// Restores the floating-point mode in any case, and reports whether it had changed.
class ModeGuard {
  public:
    ~ModeGuard() { before_.restore(); }
    void check(const char *when) const {
        const FloatMode after = FloatMode::now();
        if (after == before_) return;
        before_.restore();
        throw PluginFault(std::string("changes ") + before_.difference(after) + " while " + when +
                          ", and with it every number of this process");
    }

  private:
    FloatMode before_ = FloatMode::now();
};

/// The loader's message without the file's name, which our message begins with anyway.
std::string loader_says(const std::filesystem::path &path) {
    const char *text = ::dlerror();
    std::string said = text != nullptr ? text : "for no reason that the loader gives";
    if (said.starts_with(path.string())) said.erase(0, path.string().size());
    said.erase(0, said.find_first_not_of(": "));
    return said;
}

/// Why a library without the entry is not a plugin for this host.
std::string no_entry(void *library) {
    std::string stem = SPAR_PLUGIN_ENTRY;
    stem.erase(stem.find_last_not_of("0123456789") + 1);
    for (int major = 0; major < 100; ++major)
        if (const std::string name = stem + std::to_string(major);
            ::dlsym(library, name.c_str()) != nullptr)
            return "is a plugin of another major version of the contract: it exports " + name +
                   ", this host looks for " SPAR_PLUGIN_ENTRY
                   "; rebuild it with this version's SDK";
    return "is no plugin: it does not export " SPAR_PLUGIN_ENTRY
           "; where its source defines that function, make it visible (the declaration in "
           "spar/abi.h does) and give it C linkage";
}

/// Libraries are never closed, because their descriptors must stay valid.
spar_plugin_entry load(const std::filesystem::path &path) {
    ::dlerror();
    void *library = nullptr;
    try {
        library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    } catch (const std::exception &e) {
        throw PluginFault("throws an exception while it is loaded: " + quote(e.what(), 200));
    } catch (...) {
        throw PluginFault("throws an exception while it is loaded");
    }
    if (library == nullptr) throw PluginFault("cannot be loaded: " + loader_says(path));
    void *entry = ::dlsym(library, SPAR_PLUGIN_ENTRY);
    if (entry == nullptr) throw PluginFault(no_entry(library));
    return reinterpret_cast<spar_plugin_entry>(entry);
}

const spar_plugin *ask(spar_plugin_entry entry, const spar_host *host) {
    const spar_plugin *plugin = nullptr;
    spar_error error = empty_error();
    spar_status status = SPAR_OK;
    try {
        status = entry(host, &plugin, &error);
    } catch (const std::exception &e) {
        throw PluginFault("throws an exception out of its entry: " + quote(e.what(), 200));
    } catch (...) {
        throw PluginFault("throws an exception out of its entry");
    }
    if (status != SPAR_OK) {
        error.message[sizeof error.message - 1] = '\0';
        throw PluginFault("gives up in its entry: " + quote(error.message, 200));
    }
    return plugin;
}

}  // namespace

const spar_plugin *open_plugin(const std::filesystem::path &path, const spar_host *host) {
    const ModeGuard mode;
    const spar_plugin_entry entry = load(path);
    mode.check("it is loaded");
    const spar_plugin *plugin = ask(entry, host);
    mode.check("its entry is called");
    check_answer(plugin, host->abi_minor);
    return plugin;
}

}  // namespace spar::host
