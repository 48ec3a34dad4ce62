// Short runs of real pipelines through the command.
#pragma once

#include "process.hpp"
#include "run_folder.hpp"

namespace spar::test {

using host::Json;

/// A small net with batch normalisation, trained against PGD and attacked, in about a second.
inline Json small_pipeline() {
    return Json::parse(R"({
        "version": 1, "name": "small", "seed": 3,
        "data": {"train": {"type": "digits", "examples": 300},
                 "validation": {"examples": 60},
                 "test": {"type": "digits", "examples": 90}},
        "model": {"type": "sequential",
                  "layers": [{"type": "conv", "out": 6, "kernel": 4, "stride": 2, "padding": 1},
                             {"type": "relu"},
                             {"type": "residual", "body": [
                                 {"type": "batchnorm"},
                                 {"type": "conv", "out": 6, "kernel": 3, "padding": 1}]},
                             {"type": "dropout", "p": 0.1},
                             {"type": "flatten"}, {"type": "linear", "out": 10}]},
        "threat": {"norm": "linf", "eps": 0.1},
        "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}},
                  "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.004}, "epochs": 2, "batch_size": 37,
                  "schedule": {"type": "cosine"}, "ema": {"decay": 0.9}},
        "evaluate": {"attacks": [{"type": "noise"}, {"type": "pgd", "steps": 5, "restarts": 2}]}})");
}

inline std::string write(const Folder &folder, const std::string &name, const Json &pipeline) {
    return folder.write(name, pipeline.dump(1));
}

/// Runs to a good end.
inline void run(std::vector<std::string> words, const Environment &environment = {}) {
    words.insert(words.begin(), "run");
    const Ended ended = spar(words, environment);
    INFO(ended.err);
    REQUIRE(ended.code == 0);
}

}  // namespace spar::test
