// Layers over texts beside PyTorch: names, outputs and gradients as torch_record.py has recorded
// them, in double precision. PyTorch's state dicts load as they are.
#include "gradient_check.hpp"

#include "plugin_loader.hpp"

#include <sstream>

using namespace fixture;

namespace {

/// As the script's: in [-0.5, 0.5).
double number(std::uint32_t tensor, std::uint32_t index) {
    std::uint32_t word = index * 2654435761U + tensor * 40503U + 12345U;
    word ^= word >> 15;
    word *= 2246822519U;
    word ^= word >> 13;
    return word / 4294967296.0 - 0.5;
}

void fill(std::vector<float> &values, std::size_t tensor, double scale) {
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(
            scale * number(static_cast<std::uint32_t>(tensor), static_cast<std::uint32_t>(i)));
}

std::vector<Json> recorded() {
    std::istringstream lines(spar::test::file_content(
        SPAR_SOURCE_DIR "/tests/plugins/models/sequential/torch_recorded.jsonl"));
    std::vector<Json> all;
    for (std::string line; std::getline(lines, line);) all.push_back(Json::parse(line));
    return all;
}

Parameter *find(Net &net, const std::string &name) {
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i)
        if (net.graph->parameters[i].name == name) return &net.graph->parameters[i];
    return nullptr;
}

void compare(const Json &on_record) {
    const LayerList layers = on_record.at("layers");
    const Shape input = on_record.at("input");
    Net net(layers, input);
    const Json &shapes = on_record.at("shapes");
    REQUIRE(std::ssize(shapes) == net.graph->parameters.size());
    for (std::size_t k = 0; k < shapes.size(); ++k) {
        const std::string name = shapes[k][0];
        CAPTURE(name);
        Parameter *own = find(net, name);
        REQUIRE(own != nullptr);
        CHECK(own->shape == shapes[k][1].get<Shape>());
        fill(own->value, k + 1, 0.8);
    }
    net.executor.parameters_changed();
    const std::vector<std::int64_t> tokens = on_record.at("tokens");
    const auto rows = std::ssize(tokens);
    for (const std::int64_t count : tokens)
        for (std::int64_t i = 0; i < input[0]; ++i) net.mask.push_back(i < count ? 1.0F : 0.0F);
    std::vector<float> x(static_cast<std::size_t>(rows * net.size));
    fill(x, 0, 2);
    for (const bool training : {false, true}) {
        const Result ours = net.pass(x, ids(rows), {.input = true, .parameters = true}, training);
        CHECK(error_of(on_record.at("outputs"), ours.outputs) < 1e-5);
        CHECK(error_of(on_record.at("dx"), ours.dx) < 1e-5);
        for (const auto &gradient : on_record.at("gradients").items()) {
            CAPTURE(gradient.key());
            CHECK(error_of(gradient.value(), find(net, gradient.key())->gradient) < 2e-5);
        }
    }
}

}  // namespace

TEST_CASE("layers over texts have PyTorch's names, outputs and gradients") {
    const std::vector<Json> all = recorded();
    REQUIRE(all.size() == 20);
    for (const Json &on_record : all) {
        CAPTURE(on_record.at("name").get<std::string>());
        compare(on_record);
    }
}
