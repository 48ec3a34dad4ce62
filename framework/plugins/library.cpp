#include "plugins/library.hpp"

#include "config/words.hpp"
#include "plugins/answer.hpp"
#include "plugins/float_mode.hpp"

#include <dlfcn.h>

#include <spar/error.hpp>

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <memory>
#include <vector>

namespace spar::host {
namespace {

namespace dll = boost::dll;

/// Sets the floating-point mode back, whatever happens, and knows whether that was needed.
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

/// Boost has no word for RTLD_NODELETE. No library is ever closed: what it handed out lives for
/// ever.
dll::shared_library &load(const std::filesystem::path &path) {
    const auto mode = static_cast<dll::load_mode::type>(dll::load_mode::rtld_now |
                                                        dll::load_mode::rtld_local | RTLD_NODELETE);
    static auto &kept = *new std::vector<std::unique_ptr<dll::shared_library>>;
    auto library = std::make_unique<dll::shared_library>();
    try {
        library->load(path, mode);
    } catch (const std::exception &e) {
        throw PluginFault(std::string("cannot be loaded: ") + e.what());
    } catch (...) {
        throw PluginFault("throws an exception while it is loaded");
    }
    return *kept.emplace_back(std::move(library));
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
    dll::shared_library &library = load(path);
    mode.check("it is loaded");
    auto &entry = library.get<spar_status(const spar_host *, const spar_plugin **, spar_error *)>(
        SPAR_PLUGIN_ENTRY);
    const spar_plugin *plugin = ask(&entry, host);
    mode.check("its entry is called");
    check_answer(plugin, host->abi_minor);
    return plugin;
}

}  // namespace spar::host
