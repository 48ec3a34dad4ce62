// The layers of a graph in the terms of the contract (spar_layers).
#pragma once

#include "graph/graph.hpp"

namespace sequential {

void describe_layer(const Graph &graph, std::int64_t index, spar_layer &layer);

}  // namespace sequential
