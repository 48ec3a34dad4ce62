// From the layers of the pipeline to a graph of operations.
#pragma once

#include "graph/graph.hpp"
#include "layers/operations.hpp"
#include "layers/spec.hpp"

namespace sequential {

/// Layers are named after their place ("0", "3.body.1") unless they have a name of their own;
/// messages point at "/layers/<place>". `stage`: layers in the first stage; without it, up to the
/// first activation behind the first layer with parameters. `micro_batch` is the fixed width of all
/// kernels.
std::unique_ptr<Graph> build_network(std::vector<LayerSpec> layers, const Shape &input,
                                     std::uint64_t key, std::optional<std::size_t> stage = {},
                                     std::int64_t micro_batch = 16);

}  // namespace sequential
