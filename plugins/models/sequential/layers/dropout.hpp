// Dropout, as a layer and as a part of others.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

/// In training, values at random become zero, each with this probability; others are scaled up.
/// `ordinal` separates the random numbers of several.
int drop(Graph &graph, int input, double probability, std::uint32_t ordinal);
/// The same with the builder's next ordinal. Without a probability: the input itself.
int drop(Builder &builder, int input, double probability);

}  // namespace sequential
