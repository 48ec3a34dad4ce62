// The host's own part of the pipeline's grammar, as one JSON Schema.
#pragma once

#include "base/json.hpp"

namespace spar::host {

class Registry;

/// The grammar with components left open (x-spar-kind).
const Json &grammar();

/// The other keys of a pipeline's file, which are resolved before the grammar applies: "extends"
/// and "vars".
const Json &keys_of_the_text();

/// The grammar with every component of the registry in it: draft-07, for editors and other tools.
Json whole_schema(const Registry &registry);

}  // namespace spar::host
