// The numbers of tensors in files: their types, by the names of safetensors, as float32.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace spar::host {

/// Bytes of a number of a type ("F32", "BF16", "I64", ...); 0 for a type that is not known.
std::size_t element_size(const std::string &type);

/// Numbers of a known type, little-endian, as float32: integers too, and the nearest ones of F64.
void to_float(const std::string &type, std::string_view bytes, std::span<float> values);

}  // namespace spar::host
