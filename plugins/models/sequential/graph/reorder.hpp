// How values lie in memory: plain, or in blocks of channels as the kernels for images want them.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// The same numbers in blocks of channels. Takes images [channels, height, width], and flat
/// features, which become images of one pixel. Does nothing where they lie so already.
int to_blocked(Graph &graph, int input);
/// The same numbers, row after row.
int to_plain(Graph &graph, int input);

}  // namespace sequential
