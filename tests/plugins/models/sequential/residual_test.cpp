// Two ways that meet again: gradients, names, what is computed, and what does not fit.
#include "gradient_check.hpp"
#include "refusal.hpp"

using namespace fixture;

TEST_CASE("gradients through residual layers") {
    // Every kind of way: body and shortcut blocked or plain, images or features, none of them
    // computing anything.
    check_network({residual({linear(7)}), linear(3)}, {7});
    check_network({residual({linear(9), layer("relu")}, {linear(9), layer("tanh")}), linear(3)},
                  {7});
    check_network({residual({residual({linear(7)}), layer("relu"), linear(7)}), linear(3)}, {7});
    check_network({residual({conv(3, 3, 1, 1)}), layer("flatten"), linear(3)}, {3, 5, 4});
    check_network(
        {residual({conv(20, 3, 1, 1), layer("relu")}, {conv(20, 1)}), layer("flatten"), linear(3)},
        {3, 5, 4});
    check_network({conv(6, 3), residual({layer("relu"), conv(6, 3, 1, 1)}, {layer("tanh")}),
                   layer("relu"), layer("flatten"), linear(3)},
                  {2, 6, 6});
    check_network({conv(6, 3), residual({layer("flatten")}, {layer("flatten")}), linear(3)},
                  {2, 5, 5});
    check_network(
        {residual({conv(4, 2), layer("flatten"), linear(5)}, {layer("flatten"), linear(5)}),
         linear(3)},
        {2, 4, 4});
    check_network({conv(6, 3), residual({pool("maxpool", 3, 1, 1)}, {pool("avgpool", 3, 1, 1)}),
                   layer("flatten"), linear(3)},
                  {2, 6, 6});
    check_network({conv(20, 2),
                   residual({layer("flatten"), linear(5)},
                            {layer("global_avgpool"), layer("flatten"), linear(5)}),
                   linear(3)},
                  {2, 4, 4});
}

TEST_CASE("parameters are called after their places") {
    const auto net = network(small_resnet(), {3, 8, 8}, 1);
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < net->parameters.size(); ++i)
        names.push_back(net->parameters[i].name);
    const std::vector<std::string> wanted{"0.weight",
                                          "1.body.0.weight",
                                          "1.body.0.bias",
                                          "1.body.0.running_mean",
                                          "1.body.0.running_var",
                                          "1.body.0.num_batches_tracked",
                                          "1.body.2.weight",
                                          "1.body.3.weight",
                                          "1.body.3.bias",
                                          "1.body.3.running_mean",
                                          "1.body.3.running_var",
                                          "1.body.3.num_batches_tracked",
                                          "1.body.5.weight",
                                          "2.weight",
                                          "2.bias",
                                          "2.running_mean",
                                          "2.running_var",
                                          "2.num_batches_tracked",
                                          "4.body.0.weight",
                                          "4.body.1.weight",
                                          "4.body.1.bias",
                                          "4.body.1.running_mean",
                                          "4.body.1.running_var",
                                          "4.body.1.num_batches_tracked",
                                          "4.body.3.weight",
                                          "4.shortcut.0.weight",
                                          "5.weight",
                                          "5.bias",
                                          "5.running_mean",
                                          "5.running_var",
                                          "5.num_batches_tracked",
                                          "9.weight",
                                          "9.bias"};
    CHECK(names == wanted);
    const Json block = named(residual({named(linear(4), "fc")}), "block");
    CHECK(network({block, linear(3)}, {4}, 1)->parameters[0].name == "block.body.fc.weight");
}

TEST_CASE("an attack's pass computes no parameter gradients, in any mode") {
    Net net(small_resnet(), {3, 8, 8});
    const std::vector<float> x = numbers(20 * net.size, 3);
    const Counters &counters = net.executor.counters();
    for (const bool training : {false, true}) {
        const std::int64_t forward = counters.forward, input = counters.input_gradient,
                           parameters = counters.parameter_gradient;
        net.zero_gradients();
        Result result = net.pass(x, ids(20), {.input = true}, training);
        CHECK(std::all_of(result.gradients.begin(), result.gradients.end(),
                          [](float g) { return g == 0; }));
        CHECK(counters.input_gradient == input + 20);
        CHECK(counters.parameter_gradient == parameters);
        result = net.pass(x, ids(20), {.parameters = true}, training);
        CHECK(std::all_of(result.dx.begin(), result.dx.end(), [](float g) { return g == 0; }));
        CHECK(counters.input_gradient == input + 20);
        CHECK(counters.parameter_gradient == parameters + 20);
        net.pass(x, ids(20), {}, training);
        CHECK(counters.forward == forward + 60);
    }
}

TEST_CASE("the input's gradient is the same with and without those of the parameters") {
    for (const auto &layers :
         {small_resnet(), LayerList{residual({conv(3, 3, 1, 1)}), layer("flatten"), linear(3)},
          LayerList{residual({conv(20, 3, 1, 1), conv(20, 3, 1, 1)}, {conv(20, 3, 1, 1)}),
                    layer("flatten"), linear(3)}}) {
        Net net(layers, {3, 8, 8});
        const std::vector<float> x = numbers(20 * net.size, 3);
        for (const bool training : {false, true}) {
            const Result alone = net.pass(x, ids(20), {.input = true}, training);
            const Result both = net.pass(x, ids(20), {.input = true, .parameters = true}, training);
            for (std::size_t i = 0; i < x.size(); ++i)
                REQUIRE(alone.dx[i] == doctest::Approx(both.dx[i]).epsilon(1e-4));
        }
    }
}

TEST_CASE("ways that do not meet, and layers inside that do not fit") {
    refuse({residual({conv(4, 3)}), layer("flatten"), linear(3)}, {4, 6, 6}, "/layers/0",
           "layers/0 (residual): the body gives [4,4,4], the shortcut [4,6,6]");
    refuse({conv(4, 3), residual({conv(8, 3, 2, 1)}, {conv(8, 1)})}, {1, 6, 6}, "/layers/1",
           "the body gives [8,2,2], the shortcut [8,4,4]");
    refuse({residual({layer("flatten")})}, {1, 6, 6}, "/layers/0",
           "the body gives [36], the shortcut [1,6,6]");
    refuse({conv(4, 3), residual({conv(4, 3, 1, 1), conv(4, 9)})}, {1, 6, 6}, "/layers/1/body/1",
           "layers/1/body/1 (conv): a kernel of 9");
    refuse({residual({linear(6)}, {residual({linear(6)}, {layer("conf")})})}, {6},
           "/layers/0/shortcut/0/shortcut/0/type", "\"conf\"");
    refuse({residual({})}, {6}, "/layers/0", "at least one layer in its body");
    refuse({conv(6, 3), groupnorm(4)}, {1, 6, 6}, "/layers/1",
           "the groups must divide the channels, got 4 groups and 6 channels");
    refuse({layer("batchnorm"), layer("flatten")}, {6, 6}, "/layers/0",
           "needs an image [channels, height, width] or flat features, got [6,6]");
}
