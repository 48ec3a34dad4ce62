// One layer as the pipeline asks for it. Only the fields of its type have a meaning.
#pragma once

#include "shape.hpp"

namespace sequential {

struct LayerSpec {
    std::string type;
    std::string name;     /// of its parameters: "conv1" in "conv1.weight"
    std::string pointer;  /// JSON pointer to it, "/layers/3"

    std::int64_t out = 0;
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t padding = 0;
    std::int64_t groups = 1;
    bool bias = true;
    std::string init = "pytorch";
    double slope = 0;        /// of leaky_relu below zero
    double probability = 0;  /// of dropout
    std::vector<double> mean, deviation;
    std::int64_t vocabulary = 0;  /// of embedding, whose vectors have `out` values
    double epsilon = 1e-5;
    double momentum = 0.1;  /// of running statistics
    std::vector<LayerSpec> body, shortcut;

    /// Ends the building with a message that begins with the place: `layers/3 (linear "fc1"): ...`.
    [[noreturn]] void fail(const std::string &message) const {
        const std::string place = pointer.empty() ? pointer : pointer.substr(1);
        const bool named = !name.empty() && !pointer.ends_with("/" + name);
        throw spar::invalid(
            place + " (" + type + (named ? " \"" + name + "\"" : "") + "): " + message, pointer);
    }
};

}  // namespace sequential
