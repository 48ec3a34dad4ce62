// Asks an attack or a method whether it works under a threat model, and what it promises.
#pragma once

#include "instances/instance.hpp"

#include <spar/abi.h>

#include <string>

namespace spar::host {

/// Throws Failure, at the component's place, if it does not. `component` is an attack or a method.
void require_fit(const Instance &component, const spar_threat &threat);

/// Whether a method, and every method inside it, takes batches cut to their longest text.
bool takes_lengths(const Instance &method);

/// Throws Failure, at `place`, if a method makes no use of examples without labels.
void require_use_of_unlabelled(const Instance &method, const std::string &place);

}  // namespace spar::host
