// Throws from the constructor of a global object, or out of its entry, as WHERE says.
#include <spar/abi.h>

#include <stdexcept>

namespace {
struct Thrower {
    Thrower() {
        if (WHERE == 1) throw std::runtime_error("thrown while loading");
    }
} thrower;
}  // namespace

extern "C" __attribute__((visibility("default"))) spar_status spar_plugin_entry_v1(
    const spar_host *, const spar_plugin **, spar_error *) {
    throw std::runtime_error("thrown out of the entry");
}
