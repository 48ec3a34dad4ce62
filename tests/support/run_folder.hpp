// What two runs of the same pipeline must have in common: everything but clocks and places.
#pragma once

#include "plugin_loader.hpp"

#include "base/json.hpp"

#include <map>
#include <string>

namespace spar::test {

/// The same without what a clock measured, how many threads there were, where files lie, and which
/// program was the host: a test may be.
inline host::Json without_circumstances(const host::Json &json) {
    if (!json.is_structured()) return json;
    host::Json kept = json.is_array() ? host::Json::array() : host::Json::object();
    for (const auto &[key, value] : json.items()) {
        const bool clock = key.find("seconds") != std::string::npos || key == "threads" ||
                           key.find("per_second") != std::string::npos || key == "host_sha256";
        if (json.is_array())
            kept.push_back(without_circumstances(value));
        else if (!clock)
            kept[key] = without_circumstances(value);
    }
    return kept;
}

/// Files of a run's folder by name, as far as they must be the same in every run of one pipeline.
inline std::map<std::string, std::string> what_must_repeat(const std::string &folder) {
    std::map<std::string, std::string> content;
    for (const auto &file : std::filesystem::recursive_directory_iterator(folder)) {
        if (!file.is_regular_file()) continue;
        const std::string name = std::filesystem::relative(file.path(), folder).string();
        const std::string bytes = file_content(file.path().string());
        if (name == "results.json")
            content[name] = without_circumstances(host::Json::parse(bytes)).dump(1);
        else if (name == "model.safetensors" || file.path().extension() == ".npz" ||
                 file.path().extension() == ".csv")
            content[name] = bytes;
    }
    return content;
}

inline void check_same_run(const std::map<std::string, std::string> &a,
                           const std::map<std::string, std::string> &b) {
    CHECK(a.size() == b.size());
    for (const auto &file : a) {
        const auto &name = file.first, &bytes = file.second;
        CAPTURE(name);
        REQUIRE(b.count(name) == 1);
        if (name == "results.json")
            CHECK(b.at(name) == bytes);
        else
            CHECK((b.at(name) == bytes));
    }
}

}  // namespace spar::test
