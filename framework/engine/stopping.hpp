// Stopping before there is anything to resume from.
#pragma once

#include "base/embedder.hpp"
#include "base/failure.hpp"

#include <string>

namespace spar::host {

/// Throws Failure(Exit::stopped) if the run was asked to stop: "stopped while `what`".
inline void end_if_stopped(const std::string &what) {
    if (embedder().stop_requested())
        throw Failure(Exit::stopped, "stopped while " + what +
                                         ", before anything was computed; give "
                                         "the same command again");
}

}  // namespace spar::host
