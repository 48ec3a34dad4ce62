// Whether an attack or a method works under a threat model: it says so itself.
#pragma once

#include "instances/instance.hpp"

#include <spar/abi.h>

namespace spar::host {

/// Throws Failure, at the component's place, where it does not. `component` is an attack or a
/// method.
void require_fit(const Instance &component, const spar_threat &threat);

}  // namespace spar::host
