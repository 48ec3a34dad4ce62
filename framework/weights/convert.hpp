// Weights of any format that can be read, as one safetensors file.
#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string>

namespace spar::host {

struct Conversion {
    std::filesystem::path from, to;
    std::string key, prefix;  // see WeightsMapPlan
};

/// Writes the tensors in their own types, bit for bit, and what the file says beside them. Returns
/// {"tensors", "numbers", "types"}. Throws Failure: Exit::data for a file that cannot be read or
/// whose names do not begin with the prefix, Exit::storage.
Json convert_weights(const Conversion &conversion);

}  // namespace spar::host
