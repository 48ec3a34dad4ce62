// Callbacks that one plugin supplies and another calls: heads, losses, ascents. A failure in one is
// attributed to its owner, whoever called it.
#pragma once

#include "instances/instance.hpp"

namespace spar::host {

/// Rewrites an error of `owner` so that its place survives the way through other plugins.
spar_status blame(const Instance &owner, const char *what, spar_status status, spar_error *error);

/// Whether the host wrote this place into an error, see blame(). Plugins cannot forge it.
bool is_blamed(std::string_view place);

/// Calls function(error), which belongs to `owner`; exceptions and changes of the floating-point
/// mode become errors. [thread-safe]
template <class Function>
spar_status call_back(const Instance &owner, const char *what, spar_error *error,
                      Function &&function) {
    const Call call = owner.call_of(what);
    const Calling calling(&call);
    const spar_status status = guarded_piece(error, std::forward<Function>(function));
    return status == SPAR_OK ? status : blame(owner, what, status, error);
}

}  // namespace spar::host
