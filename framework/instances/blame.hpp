// Functions that a plugin hands over to be called back by another plugin: heads, losses, ascents.
// What goes wrong in one is its owner's, whoever happened to call it.
#pragma once

#include "instances/instance.hpp"

namespace spar::host {

/// Rewrites an error of `owner` so that it keeps its place while it passes through other plugins.
spar_status blame(const Instance &owner, const char *what, spar_status status, spar_error *error);

/// Whether the host itself wrote this place into an error, see blame(). Plugins cannot.
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
