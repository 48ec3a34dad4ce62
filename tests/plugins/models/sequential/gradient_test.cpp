// Every layer against central differences of the plain reference.
#include "gradient_check.hpp"

using namespace fixture;

TEST_CASE("gradients of linear layers") {
    check_network({linear(5)}, {7});
    check_network({linear(20), layer("relu"), linear(3)}, {7});
    const Json unbiased = fixture::unbiased(linear(4));
    check_network({layer("flatten"), unbiased}, {2, 3, 3});
}

TEST_CASE("gradients of convolutions") {
    for (const std::int64_t channels : {1, 2, 3, 5, 20}) {
        CAPTURE(channels);
        check_network({conv(6, 3), layer("flatten"), linear(3)}, {channels, 6, 7});
        check_network({conv(32, 4), layer("flatten"), linear(3)}, {channels, 5, 13});
        check_network({conv(16, 3, 2, 1), layer("relu"), layer("flatten"), linear(3)},
                      {channels, 7, 6});
    }
    check_network({conv(16, 5, 3, 2), leaky(0.2), layer("flatten"), linear(3)}, {1, 11, 10});
    check_network({conv(33, 1), layer("tanh"), layer("flatten"), linear(3)}, {3, 3, 3});
    const Json unbiased = fixture::unbiased(conv(5, 2));
    check_network(
        {unbiased, layer("relu"), conv(17, 2), layer("relu"), layer("flatten"), linear(3)},
        {1, 5, 5});
}

TEST_CASE("gradients of 3 by 3 convolutions between blocks: paddings, tiles, odd last blocks") {
    for (const std::int64_t padding : {0, 1, 2})
        for (const std::int64_t width : {1, 2, 3, 13, 26}) {
            if (width + 2 * padding < 3) continue;
            for (const std::int64_t out : {5, 33}) {
                CAPTURE(padding);
                CAPTURE(width);
                CAPTURE(out);
                check_network(
                    {conv(out, 3, 1, padding), layer("relu"), layer("flatten"), linear(2)},
                    {20, 3, width}, {.rows = 2, .most = 6});
            }
        }
    check_network({conv(20, 3), layer("relu"), conv(40, 3, 1, 1), leaky(0.2), pool("maxpool", 2, 2),
                   conv(17, 3, 1, 2), layer("relu"), layer("flatten"), linear(3)},
                  {1, 8, 16}, {.rows = 2, .most = 6});
    // More rows than are worked on together.
    check_network({conv(40, 3, 1, 1), layer("relu"), layer("flatten"), linear(2)}, {33, 24, 21},
                  {.rows = 2, .most = 2});
}

TEST_CASE("gradients of other convolutions between blocks: strides, paddings, tiles, pieces") {
    for (const std::int64_t kernel : {1, 2, 3, 5})
        for (const std::int64_t stride : {1, 2, 3})
            for (const std::int64_t padding : {0, 1, 4}) {
                CAPTURE(kernel);
                CAPTURE(stride);
                CAPTURE(padding);
                check_network(
                    {conv(5, kernel, stride, padding), layer("relu"), layer("flatten"), linear(2)},
                    {20, 6, 9}, {.rows = 2, .most = 6});
            }
    check_network({conv(20, 3, 2), layer("relu"), conv(40, 1, 2), leaky(0.2), conv(33, 2, 2, 1),
                   layer("relu"), layer("flatten"), linear(3)},
                  {1, 27, 31}, {.rows = 2, .most = 6});
    // More rows than are worked on together.
    check_network({conv(33, 5, 2, 2), layer("relu"), layer("flatten"), linear(2)}, {33, 49, 40},
                  {.rows = 1, .most = 2});
}

TEST_CASE("gradients of convolutions that work on several examples together") {
    for (const std::int64_t stride : {1, 2}) {
        CAPTURE(stride);
        check_network({conv(180, 3, stride, 1), layer("relu"), layer("flatten"), linear(2)},
                      {180, 4, 3}, {.most = 2});
    }
}

TEST_CASE("gradients of activations") {
    for (const char *type : {"relu", "tanh", "sigmoid", "gelu"}) {
        CAPTURE(type);
        check_network({layer(type), linear(3)}, {9});
        check_network({linear(9), layer(type), linear(3)}, {9});
        check_network({conv(3, 2), layer(type), layer("flatten"), linear(3)}, {2, 4, 4});
        check_network({conv(3, 2), layer("tanh"), layer(type), layer("flatten"), linear(3)},
                      {2, 4, 4});
    }
    check_network({linear(9), leaky(0.1), leaky(0.3), linear(3)}, {9});
}

TEST_CASE("gradients of layers over the last axis of any shape") {
    const Json norm = layer("layernorm"), flat = layer("flatten");
    check_network({linear(5), layer("relu"), flat, linear(3)}, {4, 7});
    check_network({linear(5), flat, linear(3)}, {2, 3, 18});
    check_network({conv(3, 2), linear(6), layer("gelu"), flat, linear(3)}, {2, 4, 5});
    check_network({norm, linear(3)}, {7});
    check_network({norm, linear(9), norm, layer("gelu"), flat, linear(3)}, {5, 4});
    check_network({conv(5, 2), with(norm, "eps", 0.1), conv(4, 2), flat, linear(3)}, {2, 5, 6});
    check_network(
        {linear(6), residual({norm, linear(6), layer("gelu"), linear(6)}), flat, linear(3)},
        {3, 5});
}

TEST_CASE("gradients of pooling") {
    for (const char *type : {"maxpool", "avgpool"}) {
        CAPTURE(type);
        for (const std::int64_t channels : {1, 19}) {
            check_network({pool(type, 2, 2), layer("flatten"), linear(3)}, {channels, 5, 6});
            check_network({pool(type, 3, 2, 1), layer("flatten"), linear(3)}, {channels, 7, 6});
            check_network({pool(type, 2, 3), layer("flatten"), linear(3)}, {channels, 8, 7});
        }
        check_network({conv(4, 3), layer("relu"), pool(type, 2, 2), conv(20, 2), leaky(0.3),
                       pool(type, 3, 1, 1), layer("flatten"), linear(3)},
                      {1, 8, 8});
    }
    check_network({conv(20, 2), layer("global_avgpool"), layer("flatten"), linear(3)}, {3, 5, 4});
}

TEST_CASE("gradients of normalize and, in evaluation, dropout") {
    const Json normalize{{"type", "normalize"}, {"mean", {0.1, 0.2}}, {"std", {0.5, 2}}};
    check_network({normalize, conv(4, 2), layer("relu"), dropout(0.4), layer("flatten"), linear(3)},
                  {2, 4, 4});
    check_network({conv(2, 2), normalize, layer("flatten"), dropout(0.4), linear(3)}, {2, 4, 4});
}
