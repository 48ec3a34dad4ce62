// A run that is stopped at a place of the test's choice: the dataset "interrupting" of the zoo
// hands on another one's examples, and signals its own process at one of them.
#pragma once

#include "plugin_loader.hpp"

#include <cstdlib>
#include <string>

namespace spar::test {

inline constexpr const char *stop_after_variable = "SPAR_TEST_STOP_AFTER";

/// The built plugins, and the one that interrupts.
inline host::Registry registry_with_interrupting() {
    return host::Registry::discover({SPAR_PLUGIN_DIR, SPAR_ZOO_DIR "/interrupting"},
                                    host::host_table());
}

/// While it lives, instances signal when they read example number `reads`, from 0.
class StopAfter {
  public:
    explicit StopAfter(int reads) {
        ::setenv(stop_after_variable, std::to_string(reads).c_str(), 1);
    }
    ~StopAfter() { ::unsetenv(stop_after_variable); }
    StopAfter(const StopAfter &) = delete;
    StopAfter &operator=(const StopAfter &) = delete;
};

}  // namespace spar::test
