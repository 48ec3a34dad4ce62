// All tensors of a safetensors file at once.
#pragma once

#include "weights/safetensors.hpp"

namespace spar::test {

struct LoadedTensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
};
struct LoadedTensors {
    std::map<std::string, LoadedTensor> tensors;
    std::map<std::string, std::string> metadata;
};

inline LoadedTensors load_safetensors(const std::filesystem::path &path) {
    const host::SafetensorsFile file(path);
    LoadedTensors loaded{{}, file.metadata()};
    for (const auto &[name, tensor] : file.tensors())
        loaded.tensors.emplace(name, LoadedTensor{tensor.shape, file.read(name)});
    return loaded;
}

}  // namespace spar::test
