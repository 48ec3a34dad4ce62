// Stopping before there is anything to go on from.
#pragma once

#include "base/embedder.hpp"
#include "base/failure.hpp"

#include <string>

namespace spar::host {

/// Throws Failure(Exit::stopped) where a signal asked for it: "stopped while `what`".
inline void end_if_stopped(const std::string &what) {
    if (embedder().stop_requested())
        throw Failure(Exit::stopped, "stopped while " + what +
                                         ", before anything was computed; give "
                                         "the same command again");
}

}  // namespace spar::host
