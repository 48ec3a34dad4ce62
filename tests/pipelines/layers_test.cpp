// Encoders, recurrent networks and convolutions over texts, and a small ViT, trained adversarially
// from JSON to measured robustness.
#include "pipelines.hpp"

#include <spar/philox.hpp>

using namespace spar::test;

namespace {

/// The label is whether the first of two telling words is the good one, so that words without their
/// order do not tell it; a few others stand between.
std::string corpus(std::int64_t lines, std::uint64_t key) {
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool good = random.below(0, 2) == 1;
        const auto others = [&](std::uint32_t first) {
            for (std::int64_t k = random.below(first, 3); k > 0; --k)
                text += " word" + std::to_string(random.below(first + k, 5));
        };
        text += good ? "1" : "0";
        others(10);
        text += good ? " good" : " bad";
        others(20);
        text += good ? " bad" : " good";
        others(30);
        text += '\n';
    }
    return text;
}

Json results_of(const Folder &folder, const Json &pipeline) {
    const std::string file = write(folder, "pipeline.json", pipeline);
    static int count = 0;
    const std::string out = folder / ("out" + std::to_string(count++));
    run({file, "--out", out});
    return Json::parse(file_content(out + "/results.json")).at("evaluation");
}

/// Trained well, and attacked in earnest.
void check(const Json &evaluation, double least) {
    INFO(evaluation.dump());
    CHECK(evaluation.at("clean_accuracy").get<double>() > least);
    for (const Json &attack : evaluation.at("attacks")) {
        CHECK(attack.at("robust_accuracy") <= evaluation.at("clean_accuracy"));
        CHECK(attack.at("mean_distance").get<double>() > 0);
    }
}

}  // namespace

TEST_CASE("models of the order of words learn it by pgd_at and freelb") {
    const Folder folder;
    folder.write("train.tsv", corpus(400, 1));
    folder.write("test.tsv", corpus(100, 2));
    Json pipeline = Json::parse(R"({
        "version": 2, "name": "order", "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": 8,
                 "train": {"type": "text", "file": "train.tsv"},
                 "test": {"type": "text", "file": "test.tsv"}},
        "threat": {"norm": "l2", "eps": 0.3, "space": "embedding"},
        "model": {"type": "sequential"},
        "train": {"loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.01},
                  "epochs": 12, "batch_size": 32},
        "evaluate": {"attacks": [{"type": "pgd"}]}})");
    const std::pair<const char *, const char *> cases[] = {
        {R"([{"type": "positions"},
             {"type": "transformer", "heads": 2, "hidden": 16, "norm_first": true, "norm": true},
             {"type": "mean_pool"}])",
         R"({"type": "freelb"})"},
        {R"([{"type": "attention", "heads": 2, "positions": "relative"},
             {"type": "residual", "body": [{"type": "layernorm"},
                                           {"type": "attention", "heads": 2, "causal": true,
                                            "positions": "rotary"}]},
             {"type": "attention_pool"}])",
         R"({"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}})"},
        {R"([{"type": "lstm", "hidden": 12, "bidirectional": true, "output": "last"}])",
         R"({"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}})"},
        {R"([{"type": "conv1d", "out": 16, "kernel": 5, "padding": 2}, {"type": "relu"},
             {"type": "max_over_positions"}])",
         R"({"type": "freelb"})"}};
    for (const auto &entry : cases) {
        const char *const layers = entry.first;
        CAPTURE(layers);
        Json all = Json::parse(R"([{"type": "embedding", "dim": 12}])");
        for (const Json &layer : Json::parse(layers)) all.push_back(layer);
        all.push_back({{"type", "linear"}, {"out", 2}});
        pipeline["model"]["layers"] = all;
        pipeline["train"]["method"] = Json::parse(entry.second);
        check(results_of(folder, pipeline), 0.9);
    }
}

TEST_CASE("a small vision transformer learns digits by pgd_at and yopo") {
    const Folder folder;
    Json pipeline = Json::parse(file_content(SPAR_SOURCE_DIR "/docs/examples/digits-vit-pgd.json"));
    pipeline["data"]["train"]["examples"] = 2000;
    pipeline["data"]["test"]["examples"] = 200;
    pipeline["train"]["epochs"] = 5;
    pipeline["threat"]["eps"] = 0.02;
    pipeline["train"].erase("eps_warmup_epochs");
    pipeline["train"]["method"]["attack"] = Json::parse(R"({"type": "pgd", "steps": 2})");
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type": "pgd", "steps": 5}])");
    check(results_of(folder, pipeline), 0.6);
    pipeline["train"]["method"] = Json::parse(R"({"type": "yopo", "passes": 2, "inner_steps": 1})");
    check(results_of(folder, pipeline), 0.6);
}
