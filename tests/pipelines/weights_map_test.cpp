// Weights that another program has named, split and lengthened in its own way.
#include "loaded_tensors.hpp"
#include "pipelines.hpp"

#include <algorithm>

using namespace spar::test;

namespace {

Json pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "map", "seed": 1,
        "data": {"tokenizer": {"type": "words"}, "max_length": 7,
                 "train": {"type": "text", "file": "texts.tsv"},
                 "test": {"type": "text", "file": "texts.tsv"}},
        "model": {"type": "sequential",
                  "layers": [{"type": "embedding", "dim": 8}, {"type": "positions"},
                             {"type": "segments"}, {"type": "layernorm"},
                             {"type": "transformer", "layers": 2, "heads": 2, "hidden": 12,
                              "activation": "gelu"},
                             {"type": "mean_pool"}, {"type": "linear", "out": 2, "name": "classifier"}]},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.01}, "epochs": 2, "batch_size": 4},
        "evaluate": {}})");
}

const char *const bert_names = R"({
    "rename": {"embeddings.word_embeddings": "0", "embeddings.position_embeddings": "1",
               "embeddings.token_type_embeddings": "2", "embeddings.LayerNorm": "3"},
    "join": {"4.layers.{i}.self_attn.in_proj_weight": ["layer.{i}.query", "layer.{i}.key", "layer.{i}.value"]},
    "first_rows": ["1.weight"], "ignore": ["pooler.*"]})";

/// The file as such a program would have written it.
void rewrite(const std::string &from, const std::string &to, bool classifier = true) {
    std::map<std::string, LoadedTensor> theirs;
    for (auto &[name, tensor] : load_safetensors(from).tensors) {
        static const std::map<std::string, std::string> plain{
            {"0.weight", "embeddings.word_embeddings.weight"},
            {"1.weight", "embeddings.position_embeddings.weight"},
            {"2.weight", "embeddings.token_type_embeddings.weight"},
            {"3.weight", "embeddings.LayerNorm.weight"},
            {"3.bias", "embeddings.LayerNorm.bias"}};
        if (!classifier && name.starts_with("classifier")) continue;
        if (name.ends_with("in_proj_weight")) {
            const std::string layer = "layer." + name.substr(9, 1) + ".";
            const auto third = static_cast<std::ptrdiff_t>(tensor.values.size() / 3);
            for (int part = 0; part < 3; ++part) {
                const auto begin = tensor.values.begin() + part * third;
                theirs[layer + (part == 0   ? "query"
                                : part == 1 ? "key"
                                            : "value")] = {{tensor.shape[0] / 3, tensor.shape[1]},
                                                           {begin, begin + third}};
            }
            continue;
        }
        LoadedTensor own = tensor;
        if (name == "1.weight") {  // made for longer texts
            own.shape[0] += 3;
            own.values.resize(own.values.size() + static_cast<std::size_t>(3 * own.shape[1]), 9.0F);
        }
        theirs[plain.contains(name) ? plain.at(name) : name] = own;
    }
    theirs["pooler.dense.weight"] = {{2, 2}, {1, 2, 3, 4}};
    std::vector<spar::host::TensorToSave> tensors;
    for (const auto &[name, tensor] : theirs)
        tensors.push_back({name, tensor.shape, tensor.values});
    spar::host::save_safetensors(to, tensors);
}

struct Trained {
    Trained() {
        std::string texts;
        for (int i = 0; i < 24; ++i)
            texts += std::to_string(i % 2) + "\t" + (i % 2 == 0 ? "bad" : "good") + " word" +
                     std::to_string(i % 5) + " w" + std::to_string(i % 3) + "\n";
        folder.write("texts.tsv", texts);
        run({write(folder, "train.json", pipeline()), "--out", folder / "trained"});
        rewrite(folder / "trained/model.safetensors", folder / "theirs.safetensors");
    }
    Json evaluating(const Json &map) const {
        Json evaluation = pipeline();
        evaluation.erase("train");
        evaluation["model"]["weights"] = folder / "theirs.safetensors";
        evaluation["model"]["weights_map"] = map;
        return evaluation;
    }
    void check_refused(const Json &map, int code, const std::vector<std::string> &parts) {
        const Ended ended = spar::test::spar(
            {"run", write(folder, "refused.json", evaluating(map)), "--out", folder / "refused"});
        INFO(ended.err);
        CHECK(ended.code == code);
        for (const std::string &part : parts) {
            CAPTURE(part);
            CHECK(ended.says(part));
        }
    }
    Folder folder;
};

Json results_of(const std::string &out) {
    return Json::parse(file_content(out + "/results.json"))["evaluation"];
}

}  // namespace

TEST_CASE("a map gives a model the weights of a file with other names") {
    const Trained trained;
    run({write(trained.folder, "p.json", trained.evaluating(Json::parse(bert_names))), "--out",
         trained.folder / "evaluated"});
    const Json here = results_of(trained.folder / "evaluated");
    const Json there = results_of(trained.folder / "trained");
    CHECK(here["clean_accuracy"] == there["clean_accuracy"]);
    CHECK(here["clean_loss"] == there["clean_loss"]);
}

TEST_CASE("a map says which parameters begin anew") {
    const Trained trained;
    rewrite(trained.folder / "trained/model.safetensors", trained.folder / "theirs.safetensors",
            false);
    Json map = Json::parse(bert_names);
    map["initial"] = {"classifier.*"};
    Json further = trained.evaluating(map);
    further["train"] = pipeline()["train"];
    run({write(trained.folder, "p.json", further), "--out", trained.folder / "further"});
}

TEST_CASE("what a map leaves open is named") {
    Trained trained;
    Json map = Json::parse(bert_names);
    map["rename"].erase("embeddings.LayerNorm");
    map["rename"]["embeddings.LayerNorm.weight"] = "3.weight";
    trained.check_refused(
        map, 6,
        {"\"3.bias\" [8] is missing", "\"embeddings.LayerNorm.bias\" [8] is not in the model"});
    map = Json::parse(bert_names);
    map.erase("first_rows");
    trained.check_refused(
        map, 6, {"\"embeddings.position_embeddings.weight\" is [10,8]", "\"1.weight\" is [7,8]"});
    map = Json::parse(bert_names);
    map["ignore"] = Json::array();
    trained.check_refused(map, 6, {"\"pooler.dense.weight\" [2,2] is not in the model"});
    map = Json::parse(bert_names);
    map["join"]["9.weight"] = {"what"};
    trained.check_refused(
        map, 3, {"#/model/weights_map", "no parameter \"9.weight\"", "classifier.weight"});
    map = Json::parse(bert_names);
    map["join"]["4.layers.{i}.self_attn.in_proj_weight"] = {"layer.{i}.query", "layer.{i}.key"};
    trained.check_refused(
        map, 6, {"is [16,8], the model's \"4.layers.0.self_attn.in_proj_weight\" is [24,8]"});
    map = Json::parse(bert_names);
    map["join"]["4.layers.{i}.self_attn.in_proj_weight"] = {"layer.{i}.query",
                                                            "pooler.dense.weight"};
    trained.check_refused(map, 6, {"of shapes that do not join"});
    map = Json::parse(bert_names);
    map["rename"]["3"] = "embeddings.LayerNorm";
    trained.check_refused(map, 6,
                          {"no \"3\", but \"embeddings.LayerNorm\"", "file's name comes first"});
    map = Json::parse(bert_names);
    map["names"] = {{"3.bias", "embeddings.LayerNorm.bias"}};
    trained.check_refused(map, 3, {"#/model/weights_map/names", "rename"});
}
