// Texts through a pipeline's tokenizer: one vocabulary for all data, kept with the weights; batches
// as long as their longest text.
#include "loaded_tensors.hpp"
#include "pipelines.hpp"

#include <spar/philox.hpp>

using namespace spar::test;

namespace {

/// Lines of a label, a telling word, and 0 to 17 others.
std::string corpus(std::int64_t lines, std::uint64_t key, const std::string &others = "word") {
    const std::string good[] = {"fine", "great", "warm"}, bad[] = {"dull", "cold", "flat"};
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool positive = random.below(0, 2) == 1;
        const auto word = static_cast<std::size_t>(random.below(1, 3));
        text += positive ? "1\t" + good[word] : "0\t" + bad[word];
        for (std::int64_t k = random.below(2, 18); k > 0; --k)
            text += " " + others + std::to_string(random.below(3 + k, 12));
        text += '\n';
    }
    return text;
}

struct Texts {
    Texts() {
        folder.write("train.tsv", corpus(200, 1));
        folder.write("test.tsv", corpus(70, 2));
    }
    Json pipeline() const {
        return Json::parse(R"({
            "version": 2, "name": "texts", "seed": 1,
            "data": {"tokenizer": {"type": "words"}, "max_length": 20,
                     "train": {"type": "text", "file": "train.tsv"},
                     "test": {"type": "text", "file": "test.tsv"}},
            "model": {"type": "sequential",
                      "layers": [{"type": "embedding", "dim": 12, "std": 0.3},
                                 {"type": "positions", "kind": "sinusoidal"},
                                 {"type": "dropout", "p": 0.1},
                                 {"type": "transformer", "heads": 2, "hidden": 20,
                                  "activation": "gelu", "norm_first": true, "norm": true},
                                 {"type": "mean_pool"}, {"type": "linear", "out": 2}]},
            "threat": {"norm": "l2", "eps": 0.3, "space": "embedding"},
            "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                      "optimizer": {"type": "adam", "lr": 0.01}, "epochs": 2, "batch_size": 32},
            "evaluate": {"attacks": [{"type": "pgd", "steps": 4}]}})");
    }
    /// The evaluation alone, of weights, without a training file.
    Json of_weights(const std::string &weights) const {
        Json pipeline = this->pipeline();
        pipeline.erase("train");
        pipeline["data"].erase("train");
        pipeline["model"]["weights"] = weights;
        return pipeline;
    }
    std::string write(const Json &pipeline) const {
        return spar::test::write(folder, "p" + std::to_string(count++) + ".json", pipeline);
    }
    /// The run's folder.
    std::string run(const Json &pipeline) const {
        std::string out = folder / ("out" + std::to_string(count));
        spar::test::run({write(pipeline), "--out", out});
        return out;
    }
    void check_refused(const Json &pipeline, int code,
                       const std::vector<std::string> &parts) const {
        const std::string out = folder / ("no" + std::to_string(count));
        const Ended ended = spar::test::spar({"run", write(pipeline), "--out", out});
        INFO(ended.err);
        CHECK(ended.code == code);
        for (const std::string &part : parts) {
            CAPTURE(part);
            CHECK(ended.says(part));
        }
    }
    Folder folder;
    mutable int count = 0;
};

Json results_of(const std::string &out) {
    return Json::parse(file_content(out + "/results.json"));
}

Json evaluation_of(const std::string &out) {
    return without_circumstances(results_of(out)["evaluation"]);
}

std::map<std::string, std::vector<float>> weights_of(const std::string &out) {
    std::map<std::string, std::vector<float>> weights;
    for (const auto &[name, tensor] : load_safetensors(out + "/model.safetensors").tensors)
        weights[name] = tensor.values;
    return weights;
}

std::vector<std::string> codes_of(const std::string &out) {
    std::vector<std::string> codes;
    const Json results = results_of(out);
    for (const Json &warning : results["warnings"]) codes.push_back(warning["code"]);
    return codes;
}

bool has(const std::vector<std::string> &codes, const std::string &code) {
    return std::count(codes.begin(), codes.end(), code) > 0;
}

}  // namespace

TEST_CASE("weights are evaluated with the vocabulary that they carry, and with no other") {
    const Texts texts;
    const std::string trained = texts.run(texts.pipeline());
    const Json evaluation = evaluation_of(trained);
    CHECK(evaluation["clean_accuracy"].get<double>() > 0.75);
    const std::string weights = trained + "/model.safetensors";
    CHECK(evaluation_of(texts.run(texts.of_weights(weights))) == evaluation);

    // Other words of the same number would make another vocabulary of the same size.
    std::filesystem::remove(texts.folder / "train.tsv");
    CHECK(evaluation_of(texts.run(texts.of_weights(weights))) == evaluation);

    Json other = texts.of_weights(weights);
    other["data"]["tokenizer"]["lower_case"] = false;
    texts.check_refused(other, 3, {"#/data/tokenizer", "lower_case", "model.safetensors"});
    other["data"]["tokenizer"] = Json::parse(R"({"type": "characters"})");
    texts.check_refused(other, 6, {"#/data/tokenizer", "was trained with the tokenizer \"words\""});
}

TEST_CASE("a training that goes on from weights keeps their vocabulary") {
    const Texts texts;
    const std::string weights = texts.run(texts.pipeline()) + "/model.safetensors";
    texts.folder.write("train.tsv", corpus(200, 3, "other"));
    Json further = texts.pipeline();
    further["model"]["weights"] = weights;
    const std::string out = texts.run(further);
    CHECK(has(codes_of(out), "unknown_tokens"));
    CHECK(results_of(out)["provenance"]["tokenizer"] ==
          results_of(
              std::filesystem::path(weights).parent_path().string())["provenance"]["tokenizer"]);
}

TEST_CASE("a resumed training has the vocabulary of its checkpoint") {
    const Texts texts;
    Json pipeline = texts.pipeline();
    pipeline["train"]["epochs"] = 1;
    const std::string out = texts.run(pipeline);
    pipeline["train"]["epochs"] = 2;
    spar::test::run({texts.write(pipeline), "--out", out, "--resume"});
    const std::string whole = texts.run(pipeline);
    CHECK((file_content(out + "/model.safetensors") == file_content(whole + "/model.safetensors")));

    texts.folder.write("train.tsv", corpus(200, 4, "other"));
    pipeline["train"]["epochs"] = 3;
    const Ended ended = spar::test::spar({"run", texts.write(pipeline), "--out", out, "--resume"});
    CHECK(ended.code == 9);
    CHECK(ended.says("train.tsv"));
}

TEST_CASE("neither the room for tokens nor the size of batches changes a number") {
    const Texts texts;
    Json pipeline = texts.pipeline();
    pipeline["evaluate"]["attacks"] = Json::parse(
        R"([{"type": "noise"}, {"type": "pgd", "steps": 3, "restarts": 2}, {"type": "deepfool"},
            {"type": "apgd", "steps": 5}, {"type": "fab", "steps": 4}, {"type": "ni_fgsm"},
            {"type": "mi_fgsm"}, {"type": "spsa", "steps": 3, "samples": 4},
            {"type": "cw", "steps": 10, "search_steps": 2}])");
    for (const char *method :
         {R"({"type":"fgm_at"})", R"({"type":"pgd_at","attack":{"type":"pgd","steps":2}})",
          R"({"type":"freelb"})", R"({"type":"free","replays":2})", R"({"type":"smart"})",
          R"({"type":"vat"})", R"({"type":"r3f"})"}) {
        CAPTURE(method);
        pipeline["train"]["method"] = Json::parse(method);
        pipeline["data"]["max_length"] = 20;
        pipeline["evaluate"]["batch_size"] = 64;
        const std::string one = texts.run(pipeline);
        pipeline["data"]["max_length"] = 37;
        pipeline["evaluate"]["batch_size"] = 5;
        const std::string other = texts.run(pipeline);
        CHECK((weights_of(one) == weights_of(other)));
        CHECK(evaluation_of(one) == evaluation_of(other));
        pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type": "pgd", "steps": 2}])");
    }
}

TEST_CASE("what a pipeline says of texts must fit its data") {
    const Texts texts;
    Json pipeline = texts.pipeline();
    pipeline["data"].erase("tokenizer");
    texts.check_refused(pipeline, 3, {"#/data/max_length", "goes with a \"tokenizer\""});
    pipeline["data"].erase("max_length");
    texts.check_refused(
        pipeline, 3, {"#/data: #/data/train gives texts", "\"tokenizer\": {\"type\": \"words\"}"});
    Json images = small_pipeline();
    images["data"]["tokenizer"] = Json::parse(R"({"type": "words"})");
    texts.check_refused(images, 3, {"#/data/tokenizer", "leave it out"});
    Json alone = texts.of_weights("");
    alone["model"].erase("weights");
    texts.check_refused(alone, 6, {"#/data/tokenizer: there is no vocabulary"});
    alone["data"]["train"] = texts.pipeline()["data"]["train"];  // for its words
    texts.run(alone);
}

TEST_CASE("texts that are cut or hardly known are told") {
    const Texts texts;
    Json pipeline = texts.pipeline();
    pipeline["data"]["max_length"] = 6;
    texts.folder.write("test.tsv", corpus(70, 2, "strange"));
    const std::string out = texts.run(pipeline);
    CHECK(has(codes_of(out), "texts_cut"));
    CHECK(has(codes_of(out), "unknown_tokens"));
    const Json results = results_of(out);
    for (const Json &warning : results["warnings"])
        if (warning["code"] == "texts_cut") {
            CHECK(warning["place"].get<std::string>().find("/data/t") != std::string::npos);
            CHECK(warning["message"].get<std::string>().find("longer than 6 tokens") !=
                  std::string::npos);
        }
}

TEST_CASE("texts as sets of tokens are values of 0 and 1") {
    const Texts texts;
    Json pipeline = texts.pipeline();
    pipeline["data"]["form"] = "presence";
    pipeline["model"]["layers"] = Json::parse(R"([{"type": "linear", "out": 2}])");
    pipeline["threat"] = Json::parse(R"({"norm": "l0", "eps": 1})");
    pipeline["train"]["epochs"] = 20;
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type": "pgd", "steps": 10}])");
    const Json evaluation = evaluation_of(texts.run(pipeline));
    CHECK(evaluation["clean_accuracy"].get<double>() > 0.9);
    CHECK(evaluation["attacks"][0]["robust_accuracy"] < evaluation["clean_accuracy"]);
}
