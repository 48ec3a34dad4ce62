// Throws where C++ cannot be caught by a C contract: FAULT_constructor or FAULT_entry.
#include <spar/abi.h>

#include <stdexcept>

namespace {

struct Thrower {
    Thrower() {
#if defined(FAULT_constructor)
        throw std::runtime_error("thrown by a static constructor");
#endif
    }
} thrower;

}  // namespace

extern "C" spar_status spar_plugin_entry_v1(const spar_host *, const spar_plugin **, spar_error *) {
    throw std::runtime_error("thrown by the entry");
}
