// Layer normalisation as a part of other layers.
#pragma once

#include "layers/builder.hpp"

namespace sequential {

struct LineNorm {
    Parameter &weight, &bias;
    double epsilon;
};

/// Adds `prefix`weight and `prefix`bias of the layer at hand to the graph's parameters.
LineNorm add_line_norm(Builder &builder, const std::string &prefix, std::int64_t width,
                       double epsilon);
/// The value that `input`, a plain one, becomes.
int normalise_lines(Graph &graph, int input, const LineNorm &norm);

}  // namespace sequential
