// The safetensors format: eight bytes of header length, a JSON header, then raw tensors.
#pragma once

#include "base/json.hpp"

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
    std::string_view bytes = {};  /// in the place of values: a tensor of U8
};

/// Writes tensors in the given order, with text of one's own in "__metadata__".
void save_safetensors(const std::filesystem::path &path, const std::vector<TensorToSave> &tensors,
                      const std::map<std::string, std::string> &metadata = {});

/// Where a tensor lies, as the header says; nothing of it is read yet.
struct TensorEntry {
    std::string type;  /// "F32", "I64", ...
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0, end = 0;  /// bytes behind the header

    bool of_integers() const { return type[0] == 'I' || type[0] == 'U' || type == "BOOL"; }
};

/// A file of which the header has been read and believed: no key stands twice, and the tensors
/// follow one another from the header to the end, so that none overlap and nothing lies between.
/// What is not so throws Failure(Exit::data) naming file and fault.
class SafetensorsFile {
  public:
    explicit SafetensorsFile(const std::filesystem::path &path);

    const std::map<std::string, TensorEntry> &tensors() const { return tensors_; }
    const std::map<std::string, std::string> &metadata() const { return metadata_; }
    /// The values of a tensor as float32, also those of integers (PyTorch counts batches in one).
    std::vector<float> read(const std::string &name) const;
    /// The bytes of a tensor as they are.
    std::string bytes(const std::string &name) const;

  private:
    [[noreturn]] void refuse(const std::string &what) const;
    void read_header();
    void add(const std::string &name, const Json &entry);
    void check_places() const;

    std::filesystem::path path_;
    mutable std::ifstream stream_;
    std::uint64_t size_ = 0, body_ = 0;  // of the file; where the tensors begin
    std::map<std::string, TensorEntry> tensors_;
    std::map<std::string, std::string> metadata_;
};

}  // namespace spar::host
