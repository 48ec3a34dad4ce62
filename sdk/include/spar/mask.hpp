// The positions of an example that are padding, in the space of embeddings; they are never
// perturbed.
#pragma once

#include <spar/abi/visibility.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace SPAR_HIDDEN spar {

/// Calls touch(i) for every value i of an example whose position is masked. `mask` [length] is 1 at
/// a token and 0 at padding; null: nothing is masked. `size` is the number of values: each position
/// has size / length of them.
template <class Touch>
void for_masked(const float *mask, std::int64_t length, std::int64_t size, Touch &&touch) {
    if (mask == nullptr) return;
    const std::int64_t width = size / std::max<std::int64_t>(length, 1);
    for (std::int64_t i = 0; i < length; ++i) {
        if (mask[i] != 0) continue;
        for (std::int64_t j = 0; j < width; ++j) touch(static_cast<std::size_t>(i * width + j));
    }
}

/// How many of an example's values lie before its trailing padding; all `size` without a mask.
inline std::size_t before_padding(const float *mask, std::int64_t length, std::int64_t size) {
    std::int64_t tokens = length;
    while (mask != nullptr && tokens > 0 && mask[tokens - 1] == 0) --tokens;
    return static_cast<std::size_t>(mask == nullptr ? size : size / length * tokens);
}

}  // namespace spar
