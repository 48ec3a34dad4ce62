// Dropout, as a layer and as a part of others.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

/// In training, values zeroed with this probability, and the others scaled up; the value itself if
/// the probability is 0.
int drop(Builder &builder, int input, double probability);

}  // namespace sequential
