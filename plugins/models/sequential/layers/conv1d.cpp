// Convolution over the positions of a text, as PyTorch's Conv1d; padding counts as zeros. Windows
// beside each other become lines, which a product takes.
#include "graph/reorder.hpp"
#include "layers/dense.hpp"
#include "layers/gather.hpp"

#include <algorithm>

namespace sequential {
namespace {

class Conv1d final : public Weighted {
  public:
    static constexpr About about{"conv1d",
                                 "convolution over the positions of a text, where padding counts "
                                 "as zeros; a text too short for one window yields no positions"};
    Conv1d() : Weighted(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        const Shape in = expect_vectors(graph, input);
        const std::int64_t room = in[0] + 2 * *border_ - *kernel_;
        if (room < 0)
            throw spar::invalid("a kernel of " + std::to_string(*kernel_) + " with padding " +
                                std::to_string(*border_) + " does not fit into a text of " +
                                std::to_string(in[0]) + " positions; make the padding larger");
        const auto windows_of = [kernel = *kernel_, stride = *stride_,
                                 border = *border_](std::int64_t positions) {
            return std::max<std::int64_t>(0, positions + 2 * border - kernel) / stride + 1;
        };
        const std::int64_t length = windows_of(in[0]), dim = in[1];
        const Weights weights = add_weights(builder, {out(), dim, *kernel_});
        Pieces pieces{.run = dim, .from = {}, .lines = windows_of};
        std::vector<std::int64_t> places;  // of the weight's [in][kernel] in a window
        for (std::int64_t i = 0; i < length; ++i)
            for (std::int64_t k = 0; k < *kernel_; ++k) {
                const std::int64_t position = i * *stride_ + k - *border_;
                const bool inside = position >= 0 && position < in[0];
                pieces.from.push_back(inside ? position * dim : -1);
            }
        for (std::int64_t c = 0; c < dim; ++c)
            for (std::int64_t k = 0; k < *kernel_; ++k) places.push_back(k * dim + c);
        const int windows = gather(graph, to_plain(graph, input), {length, *kernel_ * dim},
                                   std::move(pieces), builder.padding);
        builder.padding.slide(*kernel_, *stride_, *border_);
        return add_dense(graph, windows, weights, std::move(places), builder.take_rectifier());
    }

  private:
    spar::Integer kernel_{
        this, "kernel", "number of positions in a window", {.min = 1, .max = 255}};
    spar::Integer stride_{
        this, "stride", "from one window to the next", {.fallback = 1, .min = 1, .max = 255}};
    spar::Integer border_{
        this, "padding", "zeros before and after the text", {.fallback = 0, .min = 0, .max = 254}};
};

}  // namespace

LayerKind conv1d() {
    return kind_of<Conv1d>();
}

}  // namespace sequential
