// The safetensors format: eight bytes of header length, a JSON header, then raw tensors.
#pragma once

#include "base/json.hpp"
#include "weights/tensor_file.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

struct TensorToSave {
    std::string name;
    std::vector<std::int64_t> shape;
    std::span<const float> values;
    std::string_view bytes = {};  /// instead of values: the bytes of another type
    std::string type = "U8";      /// of these bytes
};

/// Writes tensors in the given order, with arbitrary text in "__metadata__".
void save_safetensors(const std::filesystem::path &path, const std::vector<TensorToSave> &tensors,
                      const std::map<std::string, std::string> &metadata = {});

/// A file whose header has been read and verified: no duplicate keys, and the tensors follow one
/// another from the header to the end without overlaps or gaps. Otherwise throws
/// Failure(Exit::data) naming file and fault.
class SafetensorsFile final : public TensorFile {
  public:
    explicit SafetensorsFile(const std::filesystem::path &path);

    std::string bytes(const std::string &name) const override;
    std::vector<float> read(const std::string &name) const override;

  private:
    struct Place {
        std::uint64_t begin = 0, end = 0;  // bytes after the header
    };

    [[noreturn]] void refuse(const std::string &what) const;
    void read_header();
    void add(const std::string &name, const Json &entry);
    void check_places() const;

    std::filesystem::path path_;
    mutable std::ifstream stream_;
    std::uint64_t size_ = 0, body_ = 0;  // size of the file; start of the tensors
    std::map<std::string, Place> places_;
};

}  // namespace spar::host
