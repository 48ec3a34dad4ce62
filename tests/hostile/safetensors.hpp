// Files of weights for the sound pipeline's model, to be spoilt.
#pragma once

#include "hostile.hpp"

namespace spar::test {

/// A safetensors file from its header's text and the bytes after it.
inline std::string safetensors(const std::string &header, const std::string &bytes) {
    const std::uint64_t size = header.size();
    const std::string file(reinterpret_cast<const char *>(&size), 8);
    return file + header + bytes;
}

inline const std::string weight =
    R"("1.weight":{"dtype":"F32","shape":[10,784],"data_offsets":[0,31360]})";
inline const std::string bias =
    R"("1.bias":{"dtype":"F32","shape":[10],"data_offsets":[31360,31400]})";

}  // namespace spar::test
