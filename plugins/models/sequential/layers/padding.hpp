// Which positions of a text are tokens, and which are padding.
#pragma once

#include "graph/graph.hpp"

namespace sequential {

/// Whether position i, counted over the micro-batch, is a token and not padding. At the input.
inline bool is_token(const Batch &batch, std::int64_t position) {
    return batch.mask == nullptr || batch.mask[position] != 0;
}

/// 1 or 2 for a token of the first or second text of a pair, 0 for padding. At the input.
inline std::uint8_t text_of(const Batch &batch, std::int64_t position) {
    return batch.mask == nullptr ? 1 : static_cast<std::uint8_t>(batch.mask[position]);
}

/// Which positions of a later value [length, dim] are tokens. Windows that slide over a text make
/// fewer or more: as many of them are tokens as if the text had come by itself, without padding.
class Padding {
  public:
    /// From here on, every position is such a window.
    void slide(std::int64_t kernel, std::int64_t stride, std::int64_t border) {
        windows_.push_back({kernel, stride, border});
    }

    /// From here on, every position is a token, whatever the text is.
    void end() { ended_ = true; }
    bool ended() const { return ended_; }

    /// Writes whether each position of a row is a token.
    void tokens(const Batch &batch, std::int64_t row, std::int64_t length, std::uint8_t *to) const;

  private:
    struct Window {
        std::int64_t kernel, stride, border;
    };
    std::vector<Window> windows_;
    bool ended_ = false;
};

/// Refuses what is not [length, dim].
const Shape &expect_vectors(const Graph &graph, int input);

}  // namespace sequential
