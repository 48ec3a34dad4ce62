// The model's parameters as a file. Names and layout are PyTorch's: the same net's load_state_dict
// accepts it, and a state_dict loads here.
#pragma once

#include "engine/meaning.hpp"
#include "engine/network.hpp"
#include "plan/weights_map.hpp"
#include "weights/fitting.hpp"

#include <filesystem>

namespace spar::host {

/// Includes the meaning of the data on which they were trained.
void save_weights(const Network &network, const Meaning &meaning,
                  const std::filesystem::path &path);

/// Requires, reading only what describes the tensors, that every parameter is there with its shape,
/// and nothing else, but for what the map says. Throws Failure(Exit::data) with all that does not
/// fit.
void require_fitting_weights(const Network &network, const std::filesystem::path &path,
                             const WeightsMapPlan &map);

struct LoadedWeights {
    Meaning meaning;  /// of the data on which they were trained, as far as the file states it
    FittedWeights fitted;
};

/// The same, and takes the values. Warns of what was rounded or, under a map that is not strict,
/// did not fit.
LoadedWeights load_weights(Network &network, const std::filesystem::path &path,
                           const WeightsMapPlan &map);

/// The SHA-256 of a weights file; of an index, that of the list of the SHA-256 of it and of the
/// files that it names. Throws Failure(Exit::data).
std::string sha256_of_weights(const std::filesystem::path &path, const WeightsMapPlan &map);

/// Requires that the data has the meaning with which the weights at `path` were trained: otherwise
/// throws Failure(Exit::data) in an evaluation, and warns if training continues from them.
void require_meaning_of_weights(const Meaning &weights, const std::filesystem::path &path,
                                const Data &data, bool training);

}  // namespace spar::host
