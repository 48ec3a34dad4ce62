// ONNX files through the command: attacked, trained, saved and read again.
#include "example_files.hpp"
#include "loaded_tensors.hpp"
#include "process.hpp"
#include "writer.hpp"

#include "base/json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace spar::test;
using spar::host::Json;

namespace {

Json pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "onnx", "seed": 3,
        "data": {"test": {"type": "npz", "file": "test.npz"}},
        "model": {"type": "onnx", "file": "net.onnx"},
        "threat": {"norm": "linf", "eps": 0.1},
        "evaluate": {"attacks": [{"type": "pgd", "steps": 5}]}})");
}

Json training() {
    Json json = pipeline();
    json["data"]["train"] = {{"type", "npz"}, {"file", "train.npz"}};
    json["train"] = Json::parse(R"({
        "method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 2}},
        "loss": {"type": "cross_entropy"}, "optimizer": {"type": "sgd", "lr": 0.05},
        "epochs": 2, "batch_size": 40})");
    return json;
}

Json results(const Json &pipeline, const std::string &name) {
    const Folder &folder = example_folder();
    const std::string file = folder.write("onnx-" + name + ".json", pipeline.dump());
    const Ended ended = spar::test::spar({"run", file, "--out", folder / ("onnx-" + name)});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    return Json::parse(file_content(folder / ("onnx-" + name + "/results.json")));
}

bool warned(const Json &results, const std::string &code) {
    for (const Json &warning : results.value("warnings", Json::array()))
        if (warning.at("code") == code) return true;
    return false;
}

}  // namespace

TEST_CASE("a file is attacked without training, and nobody calls it untrained") {
    const Json all = results(pipeline(), "attacked");
    const Json &evaluation = all.at("evaluation");
    CHECK(evaluation.at("worst_case_accuracy") <= evaluation.at("clean_accuracy"));
    CHECK_FALSE(warned(all, "untrained_network"));
    CHECK_FALSE(warned(all, "trailing_softmax"));
}

TEST_CASE("it is trained, and its weights are saved under the file's names and read again") {
    const Json trained = results(training(), "trained");
    const std::string weights = example_folder() / "onnx-trained/model.safetensors";
    const LoadedTensors loaded = load_safetensors(weights);
    for (const char *name : {"k", "j", "w", "b"}) CHECK(loaded.tensors.contains(name));
    CHECK(loaded.tensors.at("w").shape == std::vector<std::int64_t>{10, 144});
    Json again = pipeline();
    again["model"]["weights"] = weights;
    const Json read = results(again, "again");
    CHECK(read.at("evaluation").at("clean_accuracy") ==
          trained.at("evaluation").at("clean_accuracy"));
    CHECK(read.at("evaluation").at("worst_case_accuracy") ==
          trained.at("evaluation").at("worst_case_accuracy"));
}

TEST_CASE("a softmax at the end is warned of, and other files are refused with their place") {
    writer::File file{.nodes = {{"Flatten", {"x"}, {"f"}},
                                {"MatMul", {"f", "w"}, {"z"}},
                                {"Softmax", {"z"}, {"y"}}}};
    file.inputs = {writer::port("x", {-1, 8, 8})};
    std::vector<float> weight(640);
    for (std::size_t i = 0; i < weight.size(); ++i)
        weight[i] = 0.01F * static_cast<float>(i * 37 % 101) - 0.5F;
    file.tensors = {writer::tensor("w", {64, 10}, weight)};
    example_folder().write("softmax.onnx", file.text());
    Json json = pipeline();
    json["model"]["file"] = "softmax.onnx";
    CHECK(warned(results(json, "softmax"), "trailing_softmax"));
    json["model"]["cut"] = "softmax";
    CHECK_FALSE(warned(results(json, "cut"), "trailing_softmax"));

    json["model"] = {{"type", "onnx"}, {"file", "test.npz"}};
    const std::string wrong = example_folder().write("onnx-wrong.json", json.dump());
    const Ended ended = spar::test::spar({"run", wrong, "--out", example_folder() / "onnx-wrong"});
    CHECK(ended.code != 0);
    CHECK(ended.err.find("test.npz") != std::string::npos);
    CHECK(ended.err.find("NumPy archive") != std::string::npos);
}
