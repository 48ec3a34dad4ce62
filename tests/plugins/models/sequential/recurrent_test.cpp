// Recurrent layers, windows over positions and patches of images, against central differences of
// the plain reference.
#include "gradient_check.hpp"

using namespace fixture;

namespace {

/// Without and with padding.
void check_text(const LayerList &layers, const Shape &input, std::size_t most = 24) {
    CAPTURE(layers[0].dump());
    check_network(layers, input, {.most = most});
    check_network(layers, input, {.most = most, .padded = true});
}

Json recurrent(const char *type, std::int64_t hidden) {
    return with(layer(type), "hidden", hidden);
}

Json conv1d(std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
            std::int64_t padding = 0) {
    return with(conv(out, kernel, stride, padding), "type", "conv1d");
}

Json patches(std::int64_t out, std::int64_t size) {
    return with(with(layer("patches"), "out", out), "size", size);
}

}  // namespace

TEST_CASE(
    "gradients of recurrent layers: both directions, several layers, all states and the last") {
    for (const char *type : {"lstm", "gru"}) {
        CAPTURE(type);
        check_text({recurrent(type, 5), layer("mean_pool"), linear(3)}, {6, 7});
        check_text({recurrent(type, 18), layer("flatten"), linear(3)}, {3, 4}, 8);
        const Json both = with(recurrent(type, 4), "bidirectional", true);
        check_text({both, layer("max_over_positions"), linear(3)}, {5, 6});
        check_text({with(with(both, "layers", 2), "output", "last"), linear(3)}, {5, 6});
        check_text({with(recurrent(type, 4), "output", "last"), linear(3)}, {6, 3});
        check_text({linear(4), residual({recurrent(type, 4)}), layer("attention_pool"), linear(3)},
                   {5, 6});
        check_text({unbiased(recurrent(type, 5)), layer("mean_pool"), linear(3)}, {5, 6});
        check_text({unbiased(with(with(both, "layers", 2), "output", "last")), linear(3)}, {5, 6});
    }
}

TEST_CASE("gradients of convolutions over positions: strides, borders, what stands behind them") {
    const Json relu = layer("relu");
    for (const std::int64_t kernel : {1, 2, 3, 5})
        for (const std::int64_t stride : {1, 2})
            for (const std::int64_t padding : {0, 1, 3}) {
                if (kernel == 1 && padding > 0) continue;
                CAPTURE(kernel);
                CAPTURE(stride);
                CAPTURE(padding);
                check_text(
                    {conv1d(5, kernel, stride, padding), relu, layer("mean_pool"), linear(3)},
                    {7, 6}, 8);
            }
    check_text({conv1d(20, 3, 1, 1), relu, conv1d(5, 4, 2, 1), layer("gelu"),
                layer("max_over_positions"), linear(3)},
               {12, 6});
    check_text(
        {conv1d(8, 2, 2), with(layer("attention"), "heads", 2), layer("mean_pool"), linear(3)},
        {11, 4});
    check_text({conv1d(8, 3, 2, 1), recurrent("lstm", 4), layer("mean_pool"), linear(3)}, {8, 4});
    check_text({residual({conv1d(6, 2)}, {conv1d(6, 2)}), layer("mean_pool"), linear(3)}, {5, 4});
    check_network({unbiased(conv1d(5, 3)), layer("flatten"), linear(3)}, {6, 4});
}

TEST_CASE("gradients of patches of images") {
    const LayerList end{layer("layernorm"), layer("flatten"), linear(3)};
    const auto check = [&](const LayerList &first, const Shape &input) {
        LayerList layers = first;
        layers.insert(layers.end(), end.begin(), end.end());
        check_network(layers, input);
    };
    check({patches(7, 2)}, {3, 4, 6});
    check({with(patches(20, 3), "class_token", true)}, {1, 6, 3});
    check({conv(20, 3, 1, 1), patches(6, 2)}, {2, 4, 4});
    check_network({with(patches(8, 2), "class_token", true), layer("positions"),
                   with(layer("attention"), "heads", 2), layer("first_position"), linear(3)},
                  {3, 4, 4});
}

TEST_CASE("windows and patches that do not fit are refused with their place") {
    CHECK_THROWS_WITH_AS(Net({conv1d(2, 5, 1, 1), layer("mean_pool")}, {2, 3}),
                         "layers/0 (conv1d): a kernel of 5 with padding 1 does not fit into a text "
                         "of 2 positions; make the padding larger",
                         spar::Error);
    CHECK_THROWS_WITH_AS(Net({patches(2, 3), layer("mean_pool")}, {1, 6, 4}),
                         "layers/0 (patches): an image [1,6,4] cannot be cut evenly into squares "
                         "of 3 pixels a side; choose a size that divides height and width",
                         spar::Error);
}
