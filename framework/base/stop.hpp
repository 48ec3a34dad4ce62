// Whether somebody asked the run to stop.
#pragma once

#include <atomic>

namespace spar::host {

/// Set by a signal: running work ends with SPAR_E_CANCELLED as soon as it asks. A plugin that
/// answers so without having been asked is not believed.
inline std::atomic<bool> stop_requested{false};

}  // namespace spar::host
