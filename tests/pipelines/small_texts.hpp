// Small sets of texts that a model learns in a second, and pipelines on them.
#pragma once

#include "pipelines.hpp"

#include <spar/philox.hpp>

namespace spar::test {

/// Lines of one telling word, after a label, among a few that say nothing.
inline std::string corpus(std::int64_t lines, std::uint64_t key) {
    const std::string good[] = {"fine", "great", "warm"}, bad[] = {"dull", "cold", "flat"};
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool positive = random.below(0, 2) == 1;
        const auto word = static_cast<std::size_t>(random.below(1, 3));
        text += positive ? "1\t" + good[word] : "0\t" + bad[word];
        const std::int64_t more = random.below(2, 7);
        for (std::int64_t k = 0; k < more; ++k)
            text += " word" + std::to_string(random.below(3 + k, 12));
        text += '\n';
    }
    return text;
}

inline Json texts_of(const char *file) {
    return {{"type", "text"}, {"file", file}};
}

struct Texts {
    Texts() {
        folder.write("train.tsv", corpus(300, 1));
        folder.write("test.tsv", corpus(90, 2));
        folder.write("more.tsv", corpus(130, 3));
    }
    std::string write(const Json &pipeline) const {
        return spar::test::write(folder, "p" + std::to_string(count++) + ".json", pipeline);
    }
    Folder folder;
    mutable int count = 0;
};

inline Json text_pipeline(const std::string &method, const std::string &threat) {
    Json pipeline = Json::parse(R"({
        "version": 2, "name": "text", "seed": 1,
        "model": {"type": "sequential",
                  "layers": [{"type": "embedding", "dim": 12}, {"type": "mean_pool"},
                             {"type": "linear", "out": 8}, {"type": "relu"},
                             {"type": "linear", "out": 2}]},
        "train": {"loss": {"type": "cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.02},
                  "epochs": 4, "batch_size": 37},
        "evaluate": {"attacks": [{"type": "fgm"}, {"type": "pgd"}]}})");
    pipeline["data"] = {{"tokenizer", {{"type", "words"}}},
                        {"max_length", 8},
                        {"train", texts_of("train.tsv")},
                        {"test", texts_of("test.tsv")}};
    pipeline["train"]["method"] = Json::parse(method);
    pipeline["threat"] = Json::parse(threat);
    return pipeline;
}

inline const char *const whole = R"({"norm":"l2","eps":0.5,"space":"embedding"})";
inline const char *const tokens = R"({"norm":"l2","eps":0.5,"space":"embedding","group":"token"})";
inline const char *const vat = R"({"type":"vat","xi":0.1})";

inline Json results_of(const Texts &texts, const Json &pipeline, const std::string &name) {
    run({texts.write(pipeline), "--out", texts.folder / name});
    return Json::parse(file_content(texts.folder / name + "/results.json"));
}

inline void check_refused(const Texts &texts, const Json &pipeline, const char *command,
                          const std::vector<std::string> &parts) {
    std::vector<std::string> words{command, texts.write(pipeline)};
    if (std::string(command) == "run")
        words.insert(words.end(), {"--out", texts.folder / ("no" + std::to_string(texts.count))});
    const Ended ended = spar::test::spar(words);
    INFO(ended.err);
    CHECK(ended.code != 0);
    for (const std::string &part : parts) {
        CAPTURE(part);
        CHECK(ended.says(part));
    }
}

}  // namespace spar::test
