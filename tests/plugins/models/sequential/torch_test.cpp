// The same network over images in PyTorch, from our weights: outputs, gradients and running
// statistics. Layers over texts: torch_recorded_test.cpp.
#include "gradient_check.hpp"
#include "python.hpp"

#include "plugin_loader.hpp"
#include "weights/safetensors.hpp"

#include <doctest/doctest.h>

using namespace fixture;

namespace {

using Saved = std::vector<spar::host::TensorToSave>;

void add_parameters(Saved &tensors, Net &net, const std::string &prefix) {
    for (std::int64_t i = 0; i < net.graph->parameters.size(); ++i) {
        const Parameter &p = net.graph->parameters[i];
        tensors.push_back({prefix + p.name, p.shape, p.value});
    }
}

/// Runs the network on images in evaluation and in training, and lets PyTorch compare.
void compare(const LayerList &layers, const std::string &name) {
    const Shape input{3, 8, 8};
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    Net net(layers, input);
    scatter_parameters(net);
    const std::int64_t rows = 37;
    const std::vector<float> x = numbers(rows * net.size, 9);
    const Wants both{.input = true, .parameters = true};
    const spar::test::Folder folder;

    Shape batch = input;
    batch.insert(batch.begin(), rows);
    Saved weights, tensors{{"x", batch, x}};
    add_parameters(weights, net, "");
    spar::host::save_safetensors(folder.path() / "weights", weights);
    std::vector<Result> results;
    std::vector<std::vector<float>> cotangents;
    for (const bool training : {false, true}) {
        results.push_back(net.pass(x, ids(rows), both, training));
        cotangents.emplace_back();
        for (std::size_t i = 0; i < results.back().outputs.size(); ++i)
            cotangents.back().push_back(cotangent(static_cast<std::int64_t>(100 + i / 3),
                                                  static_cast<std::int64_t>(i % 3),
                                                  results.back().outputs[i]));
    }
    for (const std::size_t training : {0U, 1U}) {
        const std::string mode = training != 0 ? "train." : "eval.";
        tensors.push_back({mode + "outputs", {rows, 3}, results[training].outputs});
        tensors.push_back({mode + "cotangent", {rows, 3}, cotangents[training]});
        tensors.push_back({mode + "dx", batch, results[training].dx});
        const auto &gradients = results[training].gradients;
        tensors.push_back(
            {mode + "gradients", {static_cast<std::int64_t>(gradients.size())}, gradients});
    }
    add_parameters(tensors, net, "after.");
    spar::host::save_safetensors(folder.path() / "tensors", tensors);
    const std::string script =
        SPAR_SOURCE_DIR "/tests/plugins/models/sequential/torch_reference.py";
    const std::string command = *python + " " + script + " " + name + " " + folder.path().string();
    CHECK(std::system(command.c_str()) == 0);
}

}  // namespace

TEST_CASE("a residual network with batchnorm and groupnorm agrees with PyTorch's") {
    LayerList layers = small_resnet();
    layers.insert(layers.begin() + 7, groupnorm(4));
    compare(layers, "images");
}

TEST_CASE("layers over the last axis agree with PyTorch's") {
    compare({linear(12), layer("layernorm"), layer("gelu"), linear(5), layer("flatten"), linear(3)},
            "lines");
}

TEST_CASE("patches agree with PyTorch's") {
    const Json patches{{"type", "patches"}, {"size", 4}, {"out", 24}};
    compare({patches, layer("flatten"), linear(3)}, "patches");
}
