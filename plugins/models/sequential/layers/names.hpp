// Layers are called by their names or places, and so are their parameters.
#pragma once

#include "layers/layer.hpp"

namespace sequential {

/// Refuses, with spar::invalid at the second of them, two layers whose parameters would have one
/// name.
void require_different_names(const Layers &layers);

}  // namespace sequential
