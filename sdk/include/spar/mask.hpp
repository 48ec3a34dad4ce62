// The values of an example that are masked and never perturbed: padding in the space of embeddings,
// and pairs without effect in that of a site.
#pragma once

#include <spar/abi/visibility.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace SPAR_HIDDEN spar {

/// Calls touch(i) for every value i of an example that is masked. `mask` [length] is 0 where it is;
/// null: nothing is masked. `size` is the number of values: each entry of the mask holds for
/// size / length of them.
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

/// Runs draw(from, to) on the values of an example that are not masked, as if there were no others,
/// so that neither random numbers nor dimensions depend on those; the masked ones of `to` become
/// those of `from`. `mask` as for for_masked.
template <class Draw>
void draw_unmasked(const float *mask, std::int64_t length, std::span<const float> from,
                   std::span<float> to, Draw &&draw) {
    const auto size = static_cast<std::int64_t>(from.size());
    std::copy(from.begin(), from.end(), to.begin());
    const std::size_t some = before_padding(mask, length, size);
    bool holes = false;
    for_masked(mask, length, size, [&](std::size_t i) { holes = holes || i < some; });
    if (!holes) return draw(from.first(some), to.first(some));
    std::vector<bool> open(from.size(), true);
    for_masked(mask, length, size, [&](std::size_t i) { open[i] = false; });
    std::vector<float> few;
    for (std::size_t i = 0; i < from.size(); ++i)
        if (open[i]) few.push_back(from[i]);
    std::vector<float> drawn = few;
    draw(std::span<const float>(few), std::span<float>(drawn));
    for (std::size_t i = 0, k = 0; i < from.size(); ++i)
        if (open[i]) to[i] = drawn[k++];
}

}  // namespace spar
