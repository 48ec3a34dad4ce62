#include "layers/pool.hpp"

namespace sequential {

Pool pool_over(const Graph &graph, int input, int result, const Window &window) {
    const Shape &in = graph.value(input).shape, &out = graph.value(result).shape;
    return {.blocks = round_up(in[0], kernels().block) / kernels().block,
            .height = in[1],
            .width = in[2],
            .out_height = out[1],
            .out_width = out[2],
            .kernel = window.kernel,
            .stride = window.stride,
            .padding = window.padding,
            .activation = false,
            .slope = 1.0F};
}

int WindowedPool::build(Builder &builder, int input) const {
    Graph &graph = builder.graph;
    const Shape in = expect_image(graph, input);
    if (*padding_ > *kernel_ / 2)
        throw spar::invalid("the padding may be at most half the kernel, got padding " +
                            std::to_string(*padding_) + " and kernel " + std::to_string(*kernel_));
    const Window window{*kernel_, stride_.value_or(*kernel_), *padding_};
    return add(graph, input, window.over(in, in[0]), window);
}

}  // namespace sequential
