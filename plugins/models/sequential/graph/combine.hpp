// Operations of several values: sum, product, and one after another along an axis. The values are
// of one shape, but for the length of that axis; what does not fit is refused by spar::invalid.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

int add(Graph &graph, int left, int right);
/// Value by value.
int multiply(Graph &graph, int left, int right);
/// `axis` of an example's shape.
int concatenate(Graph &graph, const std::vector<int> &parts, std::size_t axis);

}  // namespace sequential
