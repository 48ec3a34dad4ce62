// Networks with buffers through the command: weights there and back, and where a message points.
#include "loaded_tensors.hpp"
#include "plugin_loader.hpp"
#include "process.hpp"

#include "base/json.hpp"
#include "weights/safetensors.hpp"

#include <doctest/doctest.h>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace spar::test;
using spar::host::Json;

namespace {

Json pipeline() {
    return Json::parse(R"({
        "version": 1, "name": "norms", "seed": 3,
        "data": {"train": {"type": "digits", "examples": 100},
                 "test": {"type": "digits", "examples": 50, "seed": 2}},
        "model": {"type": "sequential",
                  "layers": [{"type": "conv", "out": 16, "kernel": 4, "stride": 3},
                             {"type": "batchnorm", "name": "norm"}, {"type": "relu"},
                             {"type": "residual", "body": [
                                 {"type": "conv", "out": 16, "kernel": 3, "padding": 1},
                                 {"type": "groupnorm", "groups": 4}]},
                             {"type": "flatten"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 2}},
                  "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.004}, "epochs": 2, "batch_size": 33},
        "evaluate": {"loss": {"type": "cross_entropy"},
                     "attacks": [{"type": "pgd", "steps": 3}]}})");
}

/// Accuracies and the attack's, of a run that must be good.
Json evaluation(const Folder &folder, const Json &pipeline, const std::string &name) {
    const std::string file = folder.write(name + ".json", pipeline.dump());
    const Ended ended = spar::test::spar({"run", file, "--out", folder / name});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const Json all = Json::parse(file_content(folder / (name + "/results.json"))).at("evaluation");
    return {all.at("clean_accuracy"), all.at("worst_case_accuracy"),
            all.at("attacks").at(0).at("mean_distance")};
}

Json only_evaluating(const std::string &weights) {
    Json json = pipeline();
    json.erase("train");
    json["data"].erase("train");
    json["model"]["weights"] = weights;
    return json;
}

/// The file with the count of batches as PyTorch's own: an integer of eight bytes.
std::string counted_in_integers(const std::string &file) {
    std::uint64_t size = 0;
    std::memcpy(&size, file.data(), sizeof size);
    Json header = Json::parse(file.substr(8, size));
    std::string body = file.substr(8 + size);
    const std::int64_t count = 8;
    Json &entry = header.at("norm.num_batches_tracked");
    const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
    const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
    body.replace(begin, end - begin, reinterpret_cast<const char *>(&count), sizeof count);
    for (auto &[name, tensor] : header.items()) {
        if (name == "__metadata__") continue;
        for (Json &offset : tensor.at("data_offsets"))
            if (offset.get<std::size_t>() >= end)
                offset = offset.get<std::size_t>() + sizeof count - (end - begin);
    }
    entry["dtype"] = "I64";
    const auto added = body.size();
    body.append(reinterpret_cast<const char *>(&count), sizeof count);
    header["numbers"] = {
        {"dtype", "I64"}, {"shape", {1}}, {"data_offsets", {added, added + sizeof count}}};
    const std::string text = header.dump();
    size = text.size();
    return std::string(reinterpret_cast<const char *>(&size), sizeof size) + text + body;
}

}  // namespace

TEST_CASE("running statistics are part of the weights") {
    const Folder folder;
    const Json trained = evaluation(folder, pipeline(), "trained");
    const std::string weights = folder / "trained/model.safetensors";
    const auto tensors = load_safetensors(weights).tensors;
    for (const char *name : {"norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
                             "3.body.0.weight", "3.body.1.weight", "3.body.1.bias"})
        CHECK_MESSAGE(tensors.contains(name), name);
    const auto &count = tensors.at("norm.num_batches_tracked");
    CHECK(count.shape.empty());
    CHECK(count.values == std::vector<float>{8});  // two epochs of 33, 33, 33 and 1
    CHECK(evaluation(folder, only_evaluating(weights), "again") == trained);

    const std::string theirs = folder.write("theirs", counted_in_integers(file_content(weights)));
    CHECK(evaluation(folder, only_evaluating(theirs), "theirs_again") == trained);
}

TEST_CASE("weights without running statistics are refused") {
    const Folder folder;
    Json other = pipeline();
    other["model"]["layers"][1] = {{"type", "groupnorm"}, {"groups", 1}, {"name", "norm"}};
    evaluation(folder, other, "other");
    const std::string file =
        folder.write("p.json", only_evaluating(folder / "other/model.safetensors").dump());
    const Ended ended = spar::test::spar({"run", file, "--out", folder / "out"});
    CHECK(ended.code == 6);
    CHECK(ended.says("\"norm.running_mean\" [16] is missing"));
}

TEST_CASE("messages point into nested layers") {
    const Folder folder;
    const auto said = [&](const char *place, const Json &value) {
        Json json = pipeline();
        json["model"]["layers"][3]["body"][0][place] = value;
        const std::string file = folder.write("p.json", json.dump());
        return spar::test::spar({"run", file, "--out", folder / "out"});
    };
    const Ended type = said("out", "x");
    CHECK(type.code == 3);
    CHECK(type.says("#/model/layers/3/body/0/out: expected an integer"));
    const Ended shape = said("out", 8);
    CHECK(shape.code == 3);
    CHECK(shape.says("#/model/layers/3: "));
    CHECK(shape.says("the body gives [8,9,9], the shortcut [16,9,9]"));
    const Ended name = said("name", "a..b");
    CHECK(name.code == 3);
    CHECK(name.says("#/model/layers/3/body/0/name: a layer's name"));
}

TEST_CASE("describe explains every layer once, however they are nested") {
    const Ended ended = spar::test::spar({"describe", "sequential"});
    CHECK(ended.code == 0);
    CHECK(ended.says("layers: \"residual\""));
    CHECK(!ended.says("body: \"conv\""));
}
