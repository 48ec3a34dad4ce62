// Fully connected layer over the last axis, with bias, and a rectifier after it if there is one. It
// reads a flattened image in blocks of channels in place: its weights are permuted to that order,
// with zeros for the channels that fill up a block.
#include "graph/reorder.hpp"
#include "layers/dense.hpp"

namespace sequential {
namespace {

class Linear final : public Weighted {
  public:
    static constexpr About about{"linear",
                                 "fully connected layer over the last axis; images: flatten first"};
    Linear() : Weighted(about) {}

    int build(Builder &builder, int input) const override {
        Graph &graph = builder.graph;
        if (graph.value(input).shape.size() > 1) input = to_plain(graph, input);
        const std::int64_t in = graph.value(input).shape.back();
        const Weights weights = add_weights(builder, {out(), in});
        std::vector<std::int64_t> places;
        for (std::int64_t i = 0; i < in; ++i) places.push_back(graph.value(input).position(i));
        return add_dense(graph, input, weights, std::move(places), builder.take_rectifier());
    }
};

}  // namespace

LayerKind linear() {
    return kind_of<Linear>();
}

}  // namespace sequential
