// Pipelines of earlier versions of the grammar: they run, and are told what means something else
// now.
#pragma once

#include "base/json.hpp"

namespace spar::host {

class Registry;

/// Rewrites what is written otherwise today, and warns of every default that the pipeline relies on
/// and that is another now. `root` is the pipeline before defaults are filled in; then it says the
/// present version, whose defaults are. Whether it was of an earlier one.
bool bring_up_to_date(Json &root, const Registry &registry);

}  // namespace spar::host
