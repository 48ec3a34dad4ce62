// Pieces of a value beside each other in another order, some of them several times: how windows of
// texts and images become lines of a product.
#pragma once

#include "layers/padding.hpp"

#include <functional>

namespace sequential {

/// Where each piece of `run` values comes from; -1: it is zero.
struct Pieces {
    std::int64_t run = 1;
    std::vector<std::int64_t> from;
    /// How many lines of the result an input of that many has, if it can be shorter than what
    /// `from` was made for; its first lines are then those of `from`. Empty: it cannot.
    std::function<std::int64_t(std::int64_t)> lines = {};
};

/// A value of this shape from pieces of `input`, a plain one. With `padding` the pieces are vectors
/// of a text, and those of padding are zero.
int gather(Graph &graph, int input, const Shape &shape, Pieces pieces,
           std::optional<Padding> padding = {});

}  // namespace sequential
