// The safetensors format: eight bytes of header length, a JSON header, then raw tensors.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

struct TensorToSave {
    std::string name;
    std::vector<std::int64_t> shape;
    std::span<const float> values;
};

/// Writes float32 tensors in the given order, with text of one's own in "__metadata__".
void save_safetensors(const std::filesystem::path &path, const std::vector<TensorToSave> &tensors,
                      const std::map<std::string, std::string> &metadata = {});

struct LoadedTensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    bool of_integers = false;
};
struct LoadedTensors {
    std::map<std::string, LoadedTensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// Reads all tensors as float32, also those of integers (PyTorch counts batches in one). Throws
/// Failure(Exit::data) naming file and fault when the file is not sound.
LoadedTensors load_safetensors(const std::filesystem::path &path);

}  // namespace spar::host
