// The message for weights whose names differ from the model's by a prefix and in nothing else.
#pragma once

#include "engine/network.hpp"
#include "weights/tensor_file.hpp"

namespace spar::host {

/// Empty if it is not so.
std::string prefix_hint(const Network &network, const TensorFile &file);

}  // namespace spar::host
