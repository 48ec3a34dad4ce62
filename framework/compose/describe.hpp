// What a file holds, for people and programs: the tensors of weights, or a model's layers and
// parameters and how it can be attacked.
#pragma once

#include "plan/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spar::host {

/// {"file", "tensors": [{"name", "type", "shape"}], "numbers"}. Throws Failure(Exit::data).
Json describe_weights(const std::filesystem::path &path, const std::string &key);

/// What is to be described, and on what it is set up.
struct ModelQuestion {
    std::string target;               // as of AttackCall
    std::string data;                 // as --data; empty: what the pipeline names
    std::vector<std::int64_t> input;  // instead: the shape of one example
};

/// {"model", "input", "outputs", "parameters": [{"name", "shape", "trained"}], "numbers",
/// "multiply_adds" (null if the model does not say), "layers": [{"name", "type", "shape",
/// "parameters", "multiply_adds"}], "sites", "isa", "attacks": {"space", "norms": {"linf":
/// [names]}}}. Throws Failure.
Json describe_model(const ModelQuestion &question, const Registry &registry);

}  // namespace spar::host
