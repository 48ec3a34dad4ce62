// Asks an attack or a method whether it works under a threat model.
#pragma once

#include "instances/instance.hpp"

#include <spar/abi.h>

namespace spar::host {

/// Throws Failure, at the component's place, if it does not. `component` is an attack or a method.
void require_fit(const Instance &component, const spar_threat &threat);

}  // namespace spar::host
