// Pipelines of earlier versions of the grammar: they run, with a warning for what has changed its
// meaning.
#pragma once

#include "base/json.hpp"

namespace spar::host {

class Registry;

/// Rewrites what is written differently today, and warns about every changed default on which the
/// pipeline relies. `root` is the pipeline before defaults are filled in; afterwards it states the
/// present version. Returns whether it was of an earlier one.
bool bring_up_to_date(Json &root, const Registry &registry);

}  // namespace spar::host
