// A guard around one piece of a plugin's work, in whatever thread it runs.
#pragma once

#include "base/float_mode.hpp"

#include <spar/error.hpp>

namespace spar::host {

/// Calls work(error). Exceptions become errors, and so do changes of the thread's floating-point
/// mode, which is restored. `error` may be null.
template <class Work>
spar_status guarded_piece(spar_error *error, Work &&work) {
    const FloatMode before = FloatMode::now();
    spar_status status = SPAR_OK;
    try {
        status = work(error);
    } catch (const std::exception &e) {
        status = fill(error, SPAR_E_CONTRACT,
                      std::string("let an exception out, which the contract forbids: ") + e.what());
    } catch (...) {
        status = fill(error, SPAR_E_CONTRACT,
                      "let an exception of an unknown type out, which the contract forbids");
    }
    const FloatMode after = FloatMode::now();
    if (after == before) return status;
    before.restore();
    return fill(error, SPAR_E_CONTRACT,
                std::string("changed the processor's floating-point settings: ") +
                    before.difference(after) + ", and with it everybody's results");
}

}  // namespace spar::host
