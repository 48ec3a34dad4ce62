// A net that PyTorch trained and saved gives PyTorch's logits here, by whatever door its weights
// come.
#include "fixtures.hpp"
#include "process.hpp"

#include "base/json.hpp"
#include "base/warnings.hpp"
#include "weights/safetensors.hpp"
#include "weights/weights.hpp"

#include <algorithm>
#include <cmath>

using namespace spar;
using namespace spar::test;
using host::Json;

namespace {

/// The net of write_fixtures.py.
Json pipeline(const std::string &weights, const Json &map = nullptr) {
    Json json = Json::parse(R"({
        "version": 2, "name": "torch", "seed": 1,
        "model": {"type": "sequential",
                  "layers": [{"type": "conv", "out": 4, "kernel": 3, "stride": 2, "padding": 1},
                             {"type": "batchnorm"}, {"type": "relu"}, {"type": "flatten"},
                             {"type": "linear", "out": 3}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "evaluate": {"attacks": [{"type": "fgsm"}]}})");
    json["data"]["test"] = {{"type", "npz"}, {"file", fixture("cnn.npz")}};
    json["model"]["weights"] = fixture(weights);
    if (!map.is_null()) json["model"]["weights_map"] = map;
    return json;
}

struct Loaded {
    Loaded(const std::string &file, const host::WeightsMapPlan &map)
        : data(Made(SPAR_KIND_DATASET, R"({"type": "npz", "file": ")" + fixture("cnn.npz") + "\"}")
                   .take()),
          network(Made(SPAR_KIND_MODEL, model().dump()).take(), data) {
        host::warnings().clear();
        fitted = host::load_weights(network, fixture(file), map).fitted;
    }
    static Json model() {
        Json model = pipeline("").at("model");
        model.erase("weights");
        return model;
    }
    std::vector<float> logits() {
        const std::int64_t count = data.size();
        host::Batch batch;
        data.read(host::index_range(0, count), batch);
        std::vector<float> outputs(static_cast<std::size_t>(count * network.outputs()));
        spar_pass pass{};
        pass.struct_size = sizeof pass;
        pass.mode = SPAR_MODE_EVAL;
        pass.outputs = outputs.data();
        network.pass({.count = count, .x = batch.x.data(), .ids = batch.ids.data()}, pass);
        return outputs;
    }

    host::Data data;
    host::Network network;
    host::FittedWeights fitted;
};

std::vector<float> recorded() {
    return host::SafetensorsFile(fixture("cnn_logits.safetensors")).read("logits");
}

Json results_of(const Folder &folder, const Json &json, const std::string &name) {
    const Ended ended = spar::test::spar(
        {"run", folder.write(name + ".json", json.dump()), "--out", folder / name});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    return Json::parse(file_content(folder / (name + "/results.json")));
}

}  // namespace

TEST_CASE("logits are PyTorch's, from a state_dict, a checkpoint's entry and an index") {
    const std::vector<float> theirs = recorded();
    const float scale = std::abs(
        *std::ranges::max_element(theirs, {}, [](float value) { return std::abs(value); }));
    std::vector<std::vector<float>> all;
    for (const auto &[file, map] : std::vector<std::pair<std::string, host::WeightsMapPlan>>{
             {"cnn.pt", {}},
             {"cnn.safetensors", {}},
             {"checkpoint.pt", {.key = "state_dict"}},
             {"checkpoint.pt", {.key = "model.ema", .prefix = "module."}},
             {"model.safetensors.index.json", {}}}) {
        Loaded loaded(file, map);
        CHECK(loaded.fitted.whole());
        all.push_back(loaded.logits());
        REQUIRE(all.back().size() == theirs.size());
        for (std::size_t i = 0; i < theirs.size(); ++i)
            CHECK(std::abs(all.back()[i] - theirs[i]) < 1e-5F * scale);
    }
    for (const auto &logits : all) CHECK((logits == all.front()));
    CHECK(host::warnings().all().empty());
}

TEST_CASE("a run evaluates a .pt, and its results tell what was taken") {
    const Folder folder;
    const Json torch = results_of(folder, pipeline("cnn.pt"), "torch");
    const Json safe = results_of(folder, pipeline("cnn.safetensors"), "safe");
    CHECK(torch["model_sha256"] == safe["model_sha256"]);
    CHECK(torch["evaluation"]["clean_loss"] == safe["evaluation"]["clean_loss"]);
    const Json &taken = torch["provenance"]["weights"];
    CHECK(taken == Json{{"parameters", 9},
                        {"types", {{"F32", 8}, {"I64", 1}}},
                        {"missing", Json::array()},
                        {"unused", Json::array()},
                        {"reshaped", Json::array()}});
    // By the recorded logits: how many are right.
    const std::vector<float> theirs = recorded();
    int right = 0;
    for (std::size_t i = 0; i < theirs.size() / 3; ++i) {
        const auto first = theirs.begin() + static_cast<std::ptrdiff_t>(3 * i);
        right += static_cast<std::size_t>(std::max_element(first, first + 3) - first) == i % 3;
    }
    CHECK(torch["evaluation"]["clean_accuracy"].get<double>() ==
          doctest::Approx(right / (static_cast<double>(theirs.size()) / 3)));
    // An index stands for its files: its sum changes with any of them.
    const Json shards = results_of(folder, pipeline("model.safetensors.index.json"), "shards");
    CHECK(shards["model_sha256"] == safe["model_sha256"]);
    CHECK(shards["provenance"]["weights_sha256"] != safe["provenance"]["weights_sha256"]);
}

TEST_CASE("what does not fit a map that is not strict is told, and keeps its initial values") {
    const Folder folder;
    Json json = pipeline("checkpoint.pt", {{"key", "state_dict"}, {"strict", false}});
    json["model"]["layers"][4]["name"] = "head";
    const Json results = results_of(folder, json, "partly");
    const Json &taken = results["provenance"]["weights"];
    CHECK(taken["parameters"] == 7);
    CHECK(taken["missing"] == Json{"head.weight", "head.bias"});
    CHECK(taken["unused"] == Json{"4.bias", "4.weight"});
    json["model"]["layers"][4] = {{"type", "linear"}, {"out", 5}};
    json["data"]["test"]["classes"] = 5;
    const Json wider = results_of(folder, json, "wider");
    CHECK(wider["provenance"]["weights"]["reshaped"] ==
          Json::parse(R"([{"parameter": "4.weight", "found": [3, 64], "expected": [5, 64]},
                          {"parameter": "4.bias", "found": [3], "expected": [5]}])"));
    bool warned = false;
    for (const Json &warning : wider["warnings"])
        if (warning["code"] == "weights_partly_loaded") {
            warned = true;
            check_says(warning["message"], {"4.weight ([3,64], expected [5,64])"});
        }
    CHECK(warned);
    // The same is a fault where the map is strict, and nothing at all is one always.
    json["model"]["weights_map"].erase("strict");
    Ended ended =
        spar::test::spar({"run", folder.write("p.json", json.dump()), "--out", folder / "refused"});
    CHECK(ended.code == 6);
    CHECK(ended.says("\"4.weight\" is [3,64], the model's is [5,64]"));
    json["model"]["weights_map"] = {{"key", "model.ema"}, {"strict", false}};
    ended =
        spar::test::spar({"run", folder.write("p.json", json.dump()), "--out", folder / "refused"});
    CHECK(ended.code == 6);
    CHECK(ended.says("none of its tensors is one of the model's"));
}

TEST_CASE("doubles are rounded with a warning") {
    const Folder folder;
    const double value = 0.1;
    const std::string bytes(reinterpret_cast<const char *>(&value), sizeof value);
    std::vector<host::TensorToSave> tensors;
    const host::SafetensorsFile file(fixture("cnn.safetensors"));
    std::vector<std::vector<float>> values;
    for (const auto &[name, tensor] : file.tensors()) values.push_back(file.read(name));
    std::string doubles;
    std::size_t at = 0;
    for (const auto &[name, tensor] : file.tensors()) {
        if (name == "0.bias") {
            for (int i = 0; i < 4; ++i) doubles += bytes;
            tensors.push_back({name, tensor.shape, {}, doubles, "F64"});
        } else {
            tensors.push_back({name, tensor.shape, values[at]});
        }
        ++at;
    }
    host::save_safetensors(folder.path() / "doubles.safetensors", tensors);
    Json json = pipeline("cnn.pt");
    json["model"]["weights"] = folder / "doubles.safetensors";
    const Json results = results_of(folder, json, "doubles");
    CHECK(results["provenance"]["weights"]["types"]["F64"] == 1);
    CHECK(std::ranges::any_of(results["warnings"], [](const Json &warning) {
        return warning["code"] == "weights_rounded" && warning["count"] == 1;
    }));
}

TEST_CASE("layers may have names with dots, as those of a published net") {
    const Folder folder;
    Json json = pipeline("cnn.pt", Json::parse(R"({"rename": {
        "0": "features.conv", "1": "features.norm", "4": "classifier.out.dense"}})"));
    json["model"]["layers"][0]["name"] = "features.conv";
    json["model"]["layers"][1]["name"] = "features.norm";
    json["model"]["layers"][4]["name"] = "classifier.out.dense";
    const Json named = results_of(folder, json, "named");
    const Json plain = results_of(folder, pipeline("cnn.pt"), "plain");
    CHECK(named["evaluation"]["clean_loss"] == plain["evaluation"]["clean_loss"]);
    json["model"]["layers"][1]["name"] = "features.conv.norm";
    const Ended ended =
        spar::test::spar({"run", folder.write("p.json", json.dump()), "--out", folder / "refused"});
    CHECK(ended.code == 3);
    CHECK(ended.says("#/model/layers/1/name"));
    CHECK(ended.says("one would lie in the other"));
}
