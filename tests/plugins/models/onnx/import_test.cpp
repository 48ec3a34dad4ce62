// What the import decides: where the model ends, what its input is, and what becomes a parameter.
#include "fixture.hpp"
#include "writer.hpp"

using namespace fixture;

namespace {

Model made(const writer::File &file) {
    return parse_model(file.text(), "");
}

std::string fault(const Model &model, const Shape &examples, const Options &options = {}) {
    try {
        const Net net(model, examples, options);
        return {};
    } catch (const spar::Error &error) {
        return error.what();
    }
}

const std::string weight = writer::tensor("w", {4, 4}, numbers(16, 1));

}  // namespace

TEST_CASE("a softmax at the end is noticed, and left out on demand") {
    writer::File file{.nodes = {{"MatMul", {"x", "w"}, {"z"}}, {"Softmax", {"z"}, {"y"}}}};
    file.tensors = {weight};
    Net whole(made(file), {4}), cut(made(file), {4}, {.cut_softmax = true});
    CHECK(whole.ends_in_softmax);
    CHECK_FALSE(cut.ends_in_softmax);
    const std::vector<float> x = numbers(8, 2), g(8, 1.0F);
    const Result a = whole.pass(x, g), b = cut.pass(x, g);
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += std::exp(b.outputs[i]);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(a.outputs[i] == doctest::Approx(std::exp(b.outputs[i]) / sum));
    writer::File none{.nodes = {{"MatMul", {"x", "w"}, {"y"}}}};
    none.tensors = {weight};
    CHECK(fault(made(none), {4}, {.cut_softmax = true}).find("no softmax") != std::string::npos);
}

TEST_CASE("any tensor can be the output, and what follows it is not read") {
    writer::File file{.nodes = {{"MatMul", {"x", "w"}, {"z"}}, {"Loop", {"z"}, {"y"}}}};
    file.tensors = {weight};
    CHECK(fault(made(file), {4}, {.output = "z"}) == "");
    CHECK(fault(made(file), {4}, {.output = "q"}).find("\"q\"") != std::string::npos);
}

TEST_CASE("images with their channels last") {
    // Transpose to [batch, channels, height, width], and a sum with one number for each channel.
    writer::File file{
        .nodes = {{"Transpose",
                   {"x"},
                   {"t"},
                   writer::bytes(5, writer::bytes(1, "perm") + writer::integer(8, 0) +
                                        writer::integer(8, 3) + writer::integer(8, 1) +
                                        writer::integer(8, 2) + writer::integer(20, 7))},
                  {"Sub", {"t", "m"}, {"s"}},
                  {"Flatten", {"s"}, {"y"}}}};
    file.inputs = {writer::port("x", {-1, 2, 3, 4})};
    file.tensors = {writer::tensor("m", {4, 1, 1}, {1, 2, 3, 4})};
    Net as_is(made(file), {2, 3, 4}), turned(made(file), {4, 2, 3}, {.channels_last = true});
    const std::vector<float> x = numbers(24, 2), g = numbers(24, 3);
    const Result a = as_is.pass(x, g), b = turned.pass(x, g);
    for (std::size_t c = 0; c < 4; ++c)
        for (std::size_t i = 0; i < 6; ++i) {
            CHECK(a.outputs[c * 6 + i] == x[i * 4 + c] - static_cast<float>(c + 1));
            CHECK(a.dx[i * 4 + c] == g[c * 6 + i]);
            CHECK(b.outputs[c * 6 + i] == x[c * 6 + i] - static_cast<float>(c + 1));
            CHECK(b.dx[c * 6 + i] == g[c * 6 + i]);
        }
    CHECK(fault(made(file), {4, 2, 3}).find("channels_last") != std::string::npos);
    CHECK(as_is.graph.parameters.size() == 0);
}

TEST_CASE("parameters of equal values that the exporter stores once are parameters of their own") {
    Net net(model("sequence/old"), {7, 12});
    sequential::Parameter *first = net.parameter("encoder.layers.0.norm1.weight");
    sequential::Parameter *second = net.parameter("encoder.layers.1.norm2.weight");
    REQUIRE(first != nullptr);
    REQUIRE(second != nullptr);
    const std::vector<float> x = numbers(2 * net.size, 3), g = numbers(2 * net.outputs, 4);
    net.pass(x, g, true);
    CHECK(first->gradient != second->gradient);
}

TEST_CASE("an initialiser that is used twice has the sum of both gradients") {
    writer::File twice{.nodes = {{"MatMul", {"x", "w"}, {"a"}},
                                 {"Relu", {"a"}, {"b"}},
                                 {"MatMul", {"b", "w"}, {"y"}}}};
    twice.tensors = {weight};
    writer::File apart = twice;
    apart.nodes[2].inputs = {"b", "v"};
    apart.tensors.push_back(writer::tensor("v", {4, 4}, numbers(16, 1)));
    Net one(made(twice), {4}), two(made(apart), {4});
    const std::vector<float> x = numbers(20, 2), g = numbers(20, 3);
    CHECK(one.pass(x, g, true).outputs == two.pass(x, g, true).outputs);
    CHECK(one.graph.parameters.size() == 1);
    for (std::size_t i = 0; i < 16; ++i)
        CHECK(one.graph.parameters[0].gradient[i] ==
              doctest::Approx(two.parameter("w")->gradient[i] + two.parameter("v")->gradient[i]));
    one.graph.parameters[0].value[3] += 1;
    two.parameter("w")->value[3] += 1;
    two.parameter("v")->value[3] += 1;
    one.parameters_changed();
    two.parameters_changed();
    CHECK(one.pass(x, g).outputs == two.pass(x, g).outputs);
}

TEST_CASE("the first stage ends after the first layer, unless later ones read what precedes it") {
    Net lenet(model("lenet/old"), {1, 16, 16});
    CHECK(lenet.graph.stage_operations == 1);
    CHECK(lenet.graph.stage_parameters == 2);
    writer::File around{.nodes = {{"MatMul", {"x", "w"}, {"a"}}, {"Add", {"a", "x"}, {"y"}}}};
    around.tensors = {weight};
    CHECK(Net(made(around), {4}).graph.stage_operations == 0);
}
