#include "layers/padding.hpp"

#include <algorithm>

namespace sequential {

void Padding::tokens(const Batch &batch, std::int64_t row, std::int64_t length,
                     std::uint8_t *to) const {
    if (batch.mask == nullptr || ended_) {
        std::fill_n(to, length, std::uint8_t{1});
        return;
    }
    if (windows_.empty()) {
        for (std::int64_t i = 0; i < length; ++i)
            to[i] = is_token(batch, row * batch.length + i) ? 1 : 0;
        return;
    }
    std::int64_t count = batch.length;
    while (count > 0 && !is_token(batch, row * batch.length + count - 1)) --count;
    for (const Window &window : windows_) {
        const std::int64_t room = count + 2 * window.border - window.kernel;
        count = count > 0 && room >= 0 ? room / window.stride + 1 : 0;
    }
    for (std::int64_t i = 0; i < length; ++i) to[i] = i < count ? 1 : 0;
}

const Shape &expect_vectors(const Graph &graph, int input) {
    const Shape &shape = graph.value(input).shape;
    if (shape.size() != 2)
        throw spar::invalid("needs the vectors of a text [length, dim], got " +
                            spar::shape_text(shape) +
                            "; put it after an embedding, or after patches of an image");
    return shape;
}

}  // namespace sequential
