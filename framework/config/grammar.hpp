// The host's own part of the pipeline's grammar, as one JSON Schema.
#pragma once

#include "config/json.hpp"

namespace spar::host {

class Registry;

/// The grammar, components left open (x-spar-kind).
const Json &grammar();

/// The grammar with every component of the registry in it: draft-07, for editors and other tools.
Json whole_schema(const Registry &registry);

}  // namespace spar::host
