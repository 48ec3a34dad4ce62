// Several files of tensors, by the index that Hugging Face's libraries write beside them:
// model.safetensors.index.json, or pytorch_model.bin.index.json.
#pragma once

#include "weights/tensor_file.hpp"

namespace spar::host {

/// All tensors of all files that the index names, which must be in its own folder. Each tensor must
/// be in the file that the index says, and no file may hold one that the index does not name.
class Shards final : public TensorFile {
  public:
    explicit Shards(const std::filesystem::path &path);

    std::string bytes(const std::string &name) const override;
    std::vector<float> read(const std::string &name) const override;

  private:
    std::map<std::string, std::unique_ptr<TensorFile>> shards_;
    std::map<std::string, const TensorFile *> places_;
};

}  // namespace spar::host
