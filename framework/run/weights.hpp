// The model's parameters as a file: names and layout are PyTorch's, so that a state_dict of the
// same net loads it, and its own saved as safetensors loads here.
#pragma once

#include "engine/meaning.hpp"
#include "engine/network.hpp"

#include <filesystem>

namespace spar::host {

/// With what the data that they were trained on means.
void save_weights(const Network &network, const Meaning &meaning,
                  const std::filesystem::path &path);

/// What the header of the file says of its tensors: that every parameter is there, of its shape,
/// and nothing else; nothing more of it is read. Throws Failure(Exit::data) with all that does not
/// fit.
void require_fitting_weights(const Network &network, const std::filesystem::path &path);

/// Every parameter must be there, of its shape, and nothing else. Returns what the data meant that
/// they were trained on, as far as the file says.
/// Throws Failure(Exit::data) with all that does not fit.
Meaning load_weights(Network &network, const std::filesystem::path &path);

/// That the data means what it meant when the weights at `path` were trained: Failure(Exit::data)
/// in an evaluation, a warning where training goes on from them.
void require_meaning_of_weights(const Meaning &weights, const std::filesystem::path &path,
                                const Data &data, bool training);

}  // namespace spar::host
