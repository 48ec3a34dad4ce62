// Whole runs through the command: attacks and training of a foreign model beside `sequential`.
#include "loaded_tensors.hpp"
#include "process.hpp"
#include "python.hpp"

#include "base/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace spar::test;
using spar::host::Json;

namespace {

const std::string twin = R"(
import torch
from torch import nn
net = nn.Sequential(nn.Conv2d(1, 6, 4, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(6),
                    nn.Conv2d(6, 6, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(1176, 10))
)";

Json pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "twin", "seed": 3,
        "data": {"train": {"type": "digits", "examples": 300},
                 "test": {"type": "digits", "examples": 120}},
        "model": {"type": "sequential",
                  "layers": [{"type": "conv", "out": 6, "kernel": 4, "stride": 2, "padding": 1},
                             {"type": "relu"}, {"type": "batchnorm"},
                             {"type": "conv", "out": 6, "kernel": 3, "padding": 1},
                             {"type": "tanh"}, {"type": "flatten"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}},
                  "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.004}, "epochs": 3, "batch_size": 50,
                  "ema": {"decay": 0.9}},
        "evaluate": {"attacks": [{"type": "pgd", "steps": 10}]}})");
}

Json foreign(const std::string &interpreter, const std::string &weights = "") {
    Json model{{"type", "python"}, {"call", "net.py:net"}, {"interpreter", interpreter}};
    if (!weights.empty()) model["weights"] = weights;
    return model;
}

Json run(const Folder &folder, const Json &pipeline, const std::string &name) {
    const Ended ended = spar::test::spar(
        {"run", folder.write(name + ".json", pipeline.dump()), "--out", folder / name});
    INFO(ended.all());
    REQUIRE(ended.code == 0);
    return Json::parse(file_content(folder / (name + "/results.json")));
}

/// The array `success` of an attack's .npz, whose members are stored as they are.
std::string successes(const Folder &folder, const std::string &run) {
    const std::string file = file_content(folder / (run + "/adversarial/pgd.npz"));
    const std::size_t member = file.find("success.npy");
    REQUIRE(member != std::string::npos);
    const std::size_t array = file.find("\x93NUMPY", member);
    const auto header = static_cast<unsigned char>(file[array + 8]);
    return file.substr(array + 10 + header, 120);
}

/// Warnings with this code.
std::vector<Json> warnings(const Json &results, const std::string &code) {
    std::vector<Json> found;
    for (const Json &warning : results.at("warnings"))
        if (warning.at("code") == code) found.push_back(warning);
    return found;
}

}  // namespace

TEST_CASE("the same weights in sequential and in PyTorch give the same verdict for each example") {
    const auto python = python_with("torch");
    if (!python) return;
    const Folder folder;
    folder.write("net.py", twin);
    const Json own = run(folder, pipeline(), "own");
    Json evaluating = pipeline();
    evaluating.erase("train");
    evaluating["data"].erase("train");
    evaluating["model"]["weights"] = "own/model.safetensors";
    run(folder, evaluating, "again");
    evaluating["model"] = foreign(*python, "own/model.safetensors");
    const Json results = run(folder, evaluating, "foreign");
    const double robust = results["evaluation"]["attacks"][0]["robust_accuracy"];
    CHECK(robust > 0.1);  // or there is little to compare
    CHECK(robust < 0.9);
    CHECK(results["evaluation"]["clean_accuracy"] == own["evaluation"]["clean_accuracy"]);
    CHECK(successes(folder, "foreign").size() == 120);
    CHECK(successes(folder, "foreign") == successes(folder, "again"));
    CHECK(results.dump().find("torch ") != std::string::npos);
    CHECK(results["provenance"]["isa"].get<std::string>().starts_with("python 3."));
}

TEST_CASE("training against PGD through PyTorch follows that of sequential") {
    const auto python = python_with("torch");
    if (!python) return;
    const Folder folder;
    folder.write("net.py", twin);
    Json start = pipeline();
    start["train"]["epochs"] = 1;
    run(folder, start, "start");
    std::vector<Json> results;
    for (const bool own : {true, false}) {
        Json json = pipeline();
        if (own)
            json["model"]["weights"] = "start/model.safetensors";
        else
            json["model"] = foreign(*python, "start/model.safetensors");
        results.push_back(run(folder, json, own ? "own" : "foreign"));
    }
    const auto loss = [&](std::size_t which) {
        return results[which]["train"]["epochs"].back()["loss"].get<double>();
    };
    CHECK(loss(1) == doctest::Approx(loss(0)).epsilon(0.02));
    const auto own = load_safetensors(folder / "own/model.safetensors");
    const auto other = load_safetensors(folder / "foreign/model.safetensors");
    REQUIRE(own.tensors.size() == other.tensors.size());
    const auto before = load_safetensors(folder / "start/model.safetensors");
    for (const auto &entry : own.tensors) {
        const auto &theirs = other.tensors.at(entry.first).values;
        const auto &first = before.tensors.at(entry.first).values;
        double apart = 0, moved = 0;
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            apart += std::pow(entry.second.values[i] - theirs[i], 2);
            moved += std::pow(entry.second.values[i] - first[i], 2);
        }
        INFO(entry.first);
        CHECK(moved > 0);
        CHECK(std::sqrt(apart) <= 0.1 * std::sqrt(moved));
    }
}

TEST_CASE("a stopped training goes on where it was") {
    const auto python = python_with("torch");
    if (!python) return;
    const Folder folder;
    folder.write("net.py", twin);
    Json json = pipeline();
    json["model"] = foreign(*python);
    json.erase("evaluate");
    json["data"].erase("test");
    const auto whole = run(folder, json, "whole");
    json["train"]["epochs"] = 1;
    run(folder, json, "parts");
    json["train"]["epochs"] = 3;
    const std::string file = folder.write("parts.json", json.dump());
    const Ended ended = spar::test::spar({"run", file, "--out", folder / "parts", "--resume"});
    INFO(ended.all());
    REQUIRE(ended.code == 0);
    const auto a = load_safetensors(folder / "whole/model.safetensors");
    const auto b = load_safetensors(folder / "parts/model.safetensors");
    for (const auto &entry : a.tensors)
        CHECK(entry.second.values == b.tensors.at(entry.first).values);
    folder.write("net.py", twin + "# changed\n");
    const Ended changed = spar::test::spar({"run", file, "--out", folder / "parts", "--resume"});
    CHECK(changed.code != 0);
    CHECK(changed.says("net.py"));
}

TEST_CASE("what is not exact is measured and told") {
    const Folder folder;
    const auto results = [&](const std::string &shift, const std::string &name) {
        folder.write(
            "net.py",
            "calls = []\ndef net(x):\n    calls.append(1)\n    rows = x.shape[0]\n"
            "    s = " +
                shift +
                "\n"
                "    z = [[x[i, 0, 14, 14 + k] + s for k in range(10)] for i in range(rows)]\n"
                "    def pull(at):\n"
                "        dx = [[0.0] * 784 for _ in range(rows)]\n"
                "        for i in range(rows):\n"
                "            for k in range(10): dx[i][14 * 28 + 14 + k] = at[i, k]\n"
                "        return dx\n"
                "    return z, pull\n");
        Json json = pipeline();
        json.erase("train");
        json["data"].erase("train");
        json["model"] = {{"type", "python"}, {"call", "net.py:net"}, {"arrays", "memoryview"}};
        return run(folder, json, name);
    };
    CHECK(warnings(results("0", "exact"), "not_exact").empty());
    const auto halves = warnings(results("0.001 * rows", "halves"), "not_exact");
    REQUIRE(halves.size() == 1);
    const std::string text = halves[0].at("message");
    INFO(text);
    CHECK(text.find("are the same bits when it is repeated, and differ by up to") !=
          std::string::npos);
    const auto repeats = warnings(results("0.001 * len(calls)", "repeats"), "not_exact");
    REQUIRE(repeats.size() == 1);
    CHECK(repeats[0].at("message").get<std::string>().find("examples differ by up to") !=
          std::string::npos);
}

TEST_CASE("a NumPy function is attacked by pgd") {
    const auto python = python_with("numpy");
    if (!python) return;
    const Folder folder;
    folder.write("net.py", R"(
import numpy as np
w = np.random.default_rng(0).normal(size=(784, 10)) / 28
def net(x):
    flat = x.reshape(len(x), -1)
    return flat @ w, lambda at: (at @ w.T).reshape(x.shape)
)");
    Json json = pipeline();
    json.erase("train");
    json["data"].erase("train");
    json["model"] = foreign(*python);
    json["threat"]["eps"] = 0.02;
    const Json results = run(folder, json, "numpy");
    CHECK(results["evaluation"]["attacks"][0]["robust_accuracy"] <
          results["evaluation"]["clean_accuracy"]);
    CHECK(results["provenance"]["isa"].get<std::string>().find("numpy") != std::string::npos);
}
