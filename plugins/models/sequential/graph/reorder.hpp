// Layouts of values: plain, or in blocks of channels as the image kernels require.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// The same numbers in blocks of channels. Takes images [channels, height, width], and flat
/// features, which become images of one pixel. Does nothing if they are blocked already.
int to_blocked(Graph &graph, int input);
/// The same numbers, row by row.
int to_plain(Graph &graph, int input);

}  // namespace sequential
