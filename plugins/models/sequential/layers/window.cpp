#include "layers/window.hpp"

namespace sequential {

Shape Window::over(const Shape &image, std::int64_t channels) const {
    const auto places = [&](std::int64_t size) {
        const std::int64_t room = size + 2 * padding - kernel;
        if (room < 0)
            throw spar::invalid("a kernel of " + std::to_string(kernel) + " with padding " +
                                std::to_string(padding) + " does not fit into an image " +
                                spar::shape_text(image));
        return room / stride + 1;
    };
    return {channels, places(image[1]), places(image[2])};
}

const Shape &expect_image(const Graph &graph, int input) {
    const Shape &shape = graph.value(input).shape;
    if (shape.size() != 3)
        throw spar::invalid("needs an image [channels, height, width], got " +
                            spar::shape_text(shape));
    return shape;
}

}  // namespace sequential
