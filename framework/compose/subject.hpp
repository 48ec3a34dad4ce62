// What was named to be attacked or described, by its look.
#pragma once

#include <filesystem>
#include <string>

namespace spar::host {

struct Subject {
    enum class Kind {
        weights,   /// parameters alone: safetensors, a checkpoint, an index
        onnx,      /// a net with its parameters
        python,    /// net.py:net
        pipeline,  /// a pipeline's file
        run        /// a run's folder
    };
    Kind kind;
    std::filesystem::path path;  /// absolute; of the file or folder
    std::string function;        /// of a Python file
};

/// Throws Failure(Exit::usage) if there is no such file, or it is nothing of this.
Subject subject_of(const std::string &text);

}  // namespace spar::host
