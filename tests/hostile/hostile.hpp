// Pipelines made of bad parts, run by the command: what it must say, and what it must not leave.
#pragma once

#include "process.hpp"

#include "base/json.hpp"

namespace spar::test {

using host::Json;

/// A small sound pipeline.
inline Json sound_pipeline() {
    return Json::parse(R"({
        "version": 1, "name": "sound", "seed": 1,
        "data": {"train": {"type": "digits", "examples": 20},
                 "test": {"type": "digits", "examples": 10}},
        "model": {"type": "sequential",
                  "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "train": {"method": {"type": "natural"}, "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "sgd", "lr": 0.05}, "epochs": 1, "batch_size": 10},
        "evaluate": {"attacks": [{"type": "fgsm"}]}})");
}

/// The sound pipeline with the value at a JSON pointer replaced.
inline Json with(const std::string &pointer, const Json &value, Json pipeline = sound_pipeline()) {
    pipeline[Json::json_pointer(pointer)] = value;
    return pipeline;
}

inline Json without(const std::string &pointer, Json pipeline = sound_pipeline()) {
    const Json::json_pointer at(pointer);
    pipeline[at.parent_pointer()].erase(at.back());
    return pipeline;
}

/// What became of running a text as a pipeline.
struct Ran {
    Ended ended;
    bool wrote = false;    /// the run's folder is there
    bool results = false;  /// and holds results
};

inline Ran run_text(const std::string &text, std::vector<std::string> more = {}) {
    const Folder folder;
    std::vector<std::string> words{"run", folder.write("pipeline.json", text), "--out",
                                   folder / "out"};
    words.insert(words.end(), more.begin(), more.end());
    Ran ran;
    ran.ended = spar(words, {}, folder.path().string());
    ran.wrote = std::filesystem::exists(folder / "out");
    ran.results = std::filesystem::exists(folder / "out/results.json");
    CHECK(ran.ended.signal == 0);
    CHECK(!ran.ended.late);
    return ran;
}

inline Ran run_json(const Json &pipeline, std::vector<std::string> more = {}) {
    return run_text(pipeline.dump(1), std::move(more));
}

/// Fails with this code, says all of these words, and leaves nothing.
inline void check_refused(const Ran &ran, int code, const std::vector<std::string> &words) {
    INFO(ran.ended.err);
    CHECK(ran.ended.code == code);
    CHECK(!ran.wrote);
    for (const std::string &word : words) {
        CAPTURE(word);
        CHECK(ran.ended.err.find(word) != std::string::npos);
    }
    CHECK(ran.ended.err.size() < 20000);
}

}  // namespace spar::test
