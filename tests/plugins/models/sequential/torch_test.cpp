// The same network in PyTorch, from our weights: outputs, gradients and running statistics.
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

/// Runs the network on examples in evaluation and in training, and lets PyTorch compare. Texts
/// [length, dim] are padded, each more than the one before.
void compare(const LayerList &layers, const std::string &name, const Shape &input = {3, 8, 8}) {
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
    if (input.size() == 2) {
        net.mask = padding_of(rows, input[0]);
        tensors.push_back({"mask", {rows, input[0]}, net.mask});
    }
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

TEST_CASE("attention agrees with PyTorch's") {
    const Json heads = with(layer("attention"), "heads", 4);
    compare({heads, layer("mean_pool"), linear(3)}, "attention", {9, 24});
    compare({with(heads, "causal", true), layer("mean_pool"), linear(3)}, "causal", {9, 24});
}

TEST_CASE("encoder layers of a transformer agree with PyTorch's") {
    const Json encoder{{"type", "transformer"}, {"layers", 2}, {"heads", 4}, {"hidden", 40}};
    compare({encoder, layer("max_over_positions"), linear(3)}, "post_norm", {9, 24});
    const Json gelu = with(with(encoder, "activation", "gelu"), "norm", true);
    compare(
        {layer("positions"), with(gelu, "norm_first", true), layer("first_position"), linear(3)},
        "pre_norm", {9, 24});
}

TEST_CASE("recurrent layers agree with PyTorch's on packed sequences") {
    for (const std::string type : {"lstm", "gru"}) {
        const Json both{{"type", type}, {"hidden", 10}, {"layers", 2}, {"bidirectional", true}};
        compare({both, layer("mean_pool"), linear(3)}, type, {9, 24});
        const Json last{{"type", type}, {"hidden", 20}, {"output", "last"}};
        compare({last, linear(3)}, type + "_last", {9, 24});
    }
}

TEST_CASE("convolutions over positions and patches agree with PyTorch's") {
    const Json conv{{"type", "conv1d"}, {"out", 20}, {"kernel", 3}, {"padding", 1}};
    compare({conv, layer("relu"), layer("max_over_positions"), linear(3)}, "conv1d", {9, 24});
    const Json patches{{"type", "patches"}, {"size", 4}, {"out", 24}};
    compare({patches, layer("flatten"), linear(3)}, "patches");
}
