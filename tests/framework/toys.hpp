// The registry of the toy plugins, and the smallest pipelines over them.
#pragma once

#include "plugin_loader.hpp"

namespace spar::test {

inline const host::Registry &toys() {
    static const host::Registry found =
        host::Registry::discover({std::filesystem::path(TOYS) / "good"}, host::host_table());
    return found;
}

inline bool has(const std::string &text, const std::string &part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

inline const char *toy_pipeline = R"({
  "version": 2, "name": "toy",
  "data": {"train": {"type": "points"}, "test": {"type": "points", "size": 5}},
  "model": {"type": "net", "layers": [{"type": "dense", "out": 2}]},
  "threat": {"norm": "linf", "eps": 0.3},
  "train": {"method": {"type": "plain"}, "loss": {"type": "square"},
            "optimizer": {"type": "step"}, "epochs": 2},
  "evaluate": {"loss": {"type": "square"}, "attacks": [{"type": "push"}]}
})";

}  // namespace spar::test
