// Layers are named by their own names or places, and so are their parameters.
#pragma once

#include "layers/layer.hpp"

namespace sequential {

/// Refuses, with spar::invalid at the second, two layers whose parameters would have the same name.
void require_different_names(const Layers &layers);

}  // namespace sequential
