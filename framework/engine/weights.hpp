// The model's parameters as a file: names and layout are PyTorch's, so that a state_dict of the
// same net loads it, and its own saved as safetensors loads here.
#pragma once

#include "engine/network.hpp"

#include <filesystem>

namespace spar::host {

void save_weights(const Network &network, const std::filesystem::path &path);

/// Every parameter must be there, of its shape, and nothing else.
/// Throws Failure(Exit::data) with all that does not fit.
void load_weights(Network &network, const std::filesystem::path &path);

}  // namespace spar::host
