// Learned vectors that take the place of a text's.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

/// The value that holds the vectors of `weight`, [queries, dim], in every row.
int add_queries(Graph &graph, Parameter &weight);

}  // namespace sequential
