// Which vectors of a text are tokens.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// Whether position i, counted over the micro-batch, is a token and not padding.
inline bool is_token(const Batch &batch, std::int64_t position) {
    return batch.mask == nullptr || batch.mask[position] != 0;
}

}  // namespace sequential
