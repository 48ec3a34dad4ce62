// Reviews that a small model learns, and a pipeline that attacks their words.
#pragma once

#include "pipelines.hpp"

#include <spar/philox.hpp>

namespace spar::test {

/// Reviews of telling words among others, in several cases and with marks.
inline std::string reviews(std::int64_t lines, std::uint64_t key) {
    const std::string good[] = {"fine", "great", "warm", "superb"},
                      bad[] = {"dull", "cold", "flat", "weak"},
                      plain[] = {"film", "story", "plot", "scene", "cast", "end"};
    std::string text;
    for (std::int64_t i = 0; i < lines; ++i) {
        spar::Random random(key, i);
        const bool positive = random.below(0, 2) == 1;
        text += positive ? "1\t" : "0\t";
        const std::int64_t words = random.below(1, 6) + 3;
        for (std::int64_t k = 0; k < words; ++k) {
            const std::int64_t which = random.below(3 * k + 2, 5);
            const auto pick = static_cast<std::size_t>(random.below(3 * k + 3, 4));
            text += which < 2 ? (positive ? good : bad)[pick] : plain[pick];
            text += k + 1 < words ? " " : ".\n";
        }
    }
    return text;
}

inline Json words_pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "words", "seed": 1,
        "data": {"tokenizer": {"type": "words", "punctuation": "apart"}, "max_length": 12,
                 "train": {"type": "text", "file": "train.tsv"},
                 "test": {"type": "text", "file": "test.tsv"}},
        "model": {"type": "sequential",
                  "layers": [{"type": "embedding", "dim": 12}, {"type": "mean_pool"},
                             {"type": "linear", "out": 8}, {"type": "relu"},
                             {"type": "linear", "out": 2}]},
        "threat": {"norm": "l2", "eps": 0.3, "space": "embedding"},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.02}, "epochs": 6, "batch_size": 37},
        "evaluate": {"attacks": [
            {"type": "pgd", "steps": 3},
            {"type": "hotflip", "beam": 2, "threat": {"space": "tokens", "norm": "l0", "eps": 2}},
            {"type": "word_substitution", "min_cosine": -1, "neighbours": 8,
             "threat": {"space": "tokens", "norm": "l0", "eps": 0.3}},
            {"type": "word_substitution", "name": "pwws", "recipe": "pwws", "min_cosine": -1,
             "neighbours": 4, "threat": {"space": "tokens", "norm": "l0", "eps": 1, "queries": 30}},
            {"type": "character", "threat": {"space": "tokens", "norm": "l0", "eps": 1}}]}})");
}

struct Reviews : Folder {
    Reviews() {
        this->Folder::write("train.tsv", reviews(300, 1));
        this->Folder::write("test.tsv", reviews(70, 2));
    }
    std::string write(const Json &pipeline) const {
        return spar::test::write(*this, "p" + std::to_string(count++) + ".json", pipeline);
    }
    Json results(const std::string &out) const {
        return Json::parse(file_content(*this / (out + "/results.json")))["evaluation"];
    }
    mutable int count = 0;
};

inline constexpr const char *in_words = R"({"space":"tokens","norm":"l0","eps":2})";

}  // namespace spar::test
