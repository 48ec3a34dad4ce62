// Operations on several values: sum, product, and concatenation along an axis. The values have the
// same shape, except for the length of that axis; spar::invalid refuses others.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

int add(Graph &graph, int left, int right);
/// Elementwise.
int multiply(Graph &graph, int left, int right);
/// `axis` of an example's shape.
int concatenate(Graph &graph, const std::vector<int> &parts, std::size_t axis);

}  // namespace sequential
