// The model's parameters as a file. Names and layout are PyTorch's: the same net's load_state_dict
// accepts it, and a state_dict saved as safetensors loads here.
#pragma once

#include "engine/meaning.hpp"
#include "engine/network.hpp"
#include "run/weight_map.hpp"

#include <filesystem>

namespace spar::host {

/// Includes the meaning of the data on which they were trained.
void save_weights(const Network &network, const Meaning &meaning,
                  const std::filesystem::path &path);

/// Requires, reading only the file's header, that every parameter is there with its shape, and
/// nothing else, but for what the map says. Throws Failure(Exit::data) with all that does not fit.
void require_fitting_weights(const Network &network, const std::filesystem::path &path,
                             const WeightMap &map);

/// Every parameter must be there with its shape, and nothing else. Returns the meaning of the data
/// on which they were trained, as far as the file states it. Throws Failure(Exit::data) with all
/// that does not fit.
Meaning load_weights(Network &network, const std::filesystem::path &path, const WeightMap &map);

/// Requires that the data has the meaning with which the weights at `path` were trained: otherwise
/// throws Failure(Exit::data) in an evaluation, and warns if training continues from them.
void require_meaning_of_weights(const Meaning &weights, const std::filesystem::path &path,
                                const Data &data, bool training);

}  // namespace spar::host
