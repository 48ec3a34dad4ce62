// Operations that the engine's layers do not have, on plain values.
#pragma once

#include "graph/graph.hpp"

namespace onnx {

using sequential::Graph;
using sequential::Parameter;
using sequential::Shape;

/// The same for every example: a parameter's values.
int add_constant(Graph &graph, Parameter &parameter, const Shape &shape, bool trained);

/// [count, rows, in] times [count, in, out]: that many products. `scale` multiplies them.
struct Products {
    std::int64_t count, rows, in, out;
};
int add_products(Graph &graph, int left, int right, const Products &products);

/// Along the last axis of a value [lines, width].
int add_softmax(Graph &graph, int input);
int add_log_softmax(Graph &graph, int input);

enum class Reduction { sum, mean, max, min };
/// Every line of a value [lines, width] becomes one number; the result is [lines].
int add_reduction(Graph &graph, int input, Reduction reduction);

/// Windows over an image, for whatever the engine's own convolutions and pools do not do.
struct Windows {
    std::int64_t height, width;          // of the image
    std::int64_t rows, columns;          // of a window
    std::int64_t down, right;            // from one window to the next
    std::int64_t row_gap, column_gap;    // dilation: between neighbours in a window
    std::int64_t top, left;              // padding before the image
    std::int64_t out_height, out_width;  // how many windows
};

/// From [in, height, width] by a weight [out, in / groups, rows, columns] and a bias, if there is
/// one.
int add_general_conv(Graph &graph, int input, const Windows &windows, std::int64_t groups,
                     Parameter &weight, Parameter *bias);

enum class Pooling { max, mean_of_image, mean_of_window };
/// [channels, ...] to the same number of channels. `mean_of_image` divides by the pixels that a
/// window sees, `mean_of_window` by `counted`, of each window.
int add_general_pool(Graph &graph, int input, const Windows &windows, Pooling pooling,
                     std::vector<std::int64_t> counted);

}  // namespace onnx
