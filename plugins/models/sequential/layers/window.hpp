// Windows of convolutions and pooling: how many fit along a side, and which images they fit.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// A square window, moved in steps, over an image with a border.
struct Window {
    std::int64_t kernel, stride, padding;

    /// [channels, places along both sides]; refuses windows that do not fit.
    Shape over(const Shape &image, std::int64_t channels) const;
};

/// Refuses what is not [channels, height, width].
const Shape &expect_image(const Graph &graph, int input);

}  // namespace sequential
