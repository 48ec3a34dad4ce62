// How each operation is put behind a value. Every function returns the value that it makes; what
// does not fit is refused in the words of the layer.
#pragma once

#include "graph.hpp"
#include "spec.hpp"

namespace sequential {

/// max(z, slope z) behind a convolution or a linear layer, as part of the same operation.
struct Rectifier {
    float slope;
    bool gradient_here =
        true;  /// else whoever reads the output turns its gradient into that before
};

int add_conv(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
             std::optional<Rectifier> rectifier, std::uint64_t key);
int add_linear(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
               std::optional<Rectifier> rectifier, std::uint64_t key);
int add_batch_norm(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
                   std::optional<Rectifier> rectifier);
int add_group_norm(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
                   std::optional<Rectifier> rectifier);
/// Reads vectors, which are embedded outside: the matrix as a parameter, and padding made zero.
int add_embedding(Graph &graph, int input, const LayerSpec &spec, const std::string &name,
                  std::uint64_t key);
int add_mean_pool(Graph &graph, int input, const LayerSpec &spec);
/// relu, leaky_relu, tanh, sigmoid
int add_activation(Graph &graph, int input, const LayerSpec &spec);
/// With `rectifier`, the input is the output of one, whose gradient is left to this operation.
int add_max_pool(Graph &graph, int input, const LayerSpec &spec,
                 std::optional<Rectifier> rectifier);
/// avgpool, global_avgpool
int add_average_pool(Graph &graph, int input, const LayerSpec &spec);
int add_flatten(Graph &graph, int input);
/// `ordinal` tells the random numbers of several dropouts apart.
int add_dropout(Graph &graph, int input, const LayerSpec &spec, std::uint32_t ordinal);
int add_normalize(Graph &graph, int input, const LayerSpec &spec);

/// Two values that are both the input, for one user each.
struct Branches {
    int body, shortcut;
};
Branches fork(Graph &graph, int input);
/// The sum of both, which must have one shape. `in_place`: nobody reads the body's output later.
int join(Graph &graph, Branches branches, bool in_place);

/// The same values in the other layout; nothing is done when they lie so already.
int to_blocked(Graph &graph, int input);
int to_plain(Graph &graph, int input);

/// Refuses what is not [channels, height, width].
const Shape &expect_image(const Graph &graph, int input, const LayerSpec &spec);
/// Places of a window along one side; refuses windows that do not fit.
std::int64_t window_count(const LayerSpec &spec, std::int64_t size, const Shape &shape);

}  // namespace sequential
