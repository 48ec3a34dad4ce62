// What torch.save writes (.pt, .pth, .bin, .ckpt), read without running any of it: a zip archive of
// a pickle, data.pkl, and the storages of the tensors, data/0, data/1, ...
#pragma once

#include "weights/pickle.hpp"
#include "weights/tensor_file.hpp"
#include "weights/zip_file.hpp"

#include <string_view>

namespace spar::host {

/// The tensors of a state_dict: of the checkpoint itself or, given a key, of one of its entries.
class TorchFile final : public TensorFile {
  public:
    TorchFile(const std::filesystem::path &path, const std::string &key);

    std::string bytes(const std::string &name) const override;

  private:
    [[noreturn]] void refuse(const std::string &what) const;
    std::string find_folder() const;
    const PickleValue &chosen(const PickleValue &root, const std::string &key) const;
    void take(const PickleValue &dict);
    void verify(const std::string &name, const StoredTensor &tensor);
    const std::string &storage(const std::string &key) const;

    std::filesystem::path path_;
    ZipFile zip_;
    std::string folder_;  // of the archive's members: "archive/"
    std::string text_;    // of the pickle
    std::unique_ptr<Pickle> pickle_;
    std::map<std::string, const StoredTensor *> places_;
    std::uint64_t numbers_ = 0;                    // of all tensors together
    mutable std::string last_key_, last_storage_;  // tensors may share one
};

}  // namespace spar::host
