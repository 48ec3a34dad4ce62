// Named tensors in a file, whatever its format: safetensors, a checkpoint of PyTorch, or the index
// of several such files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace spar::host {

/// What a file says of a tensor before any of its numbers is read.
struct TensorInfo {
    std::string type;  /// "F32", "I64", ..., see elements.hpp
    std::vector<std::int64_t> shape;

    bool of_integers() const { return type[0] == 'I' || type[0] == 'U' || type == "BOOL"; }
};

/// Constructors read and verify what describes the tensors, and no tensor. They and the functions
/// below throw Failure(Exit::data), naming file and fault.
class TensorFile {
  public:
    TensorFile() = default;
    virtual ~TensorFile() = default;
    TensorFile(const TensorFile &) = delete;
    TensorFile &operator=(const TensorFile &) = delete;

    const std::map<std::string, TensorInfo> &tensors() const { return tensors_; }
    /// Texts beside the tensors; only safetensors has some.
    const std::map<std::string, std::string> &metadata() const { return metadata_; }
    /// The files that it consists of, the one that was named first.
    const std::vector<std::filesystem::path> &files() const { return files_; }

    /// The bytes of a tensor in row-major order, little-endian.
    virtual std::string bytes(const std::string &name) const = 0;
    /// Its values as float32, also for integers (PyTorch counts batches in one).
    virtual std::vector<float> read(const std::string &name) const;

  protected:
    std::map<std::string, TensorInfo> tensors_;
    std::map<std::string, std::string> metadata_;
    std::vector<std::filesystem::path> files_;
};

/// Opens a file of any of these formats, which its first bytes tell, not its name. `key` chooses
/// from a checkpoint that holds more than one thing: "state_dict", or "a.b" for an entry of an
/// entry.
std::unique_ptr<TensorFile> open_tensors(const std::filesystem::path &path,
                                         const std::string &key = {});

}  // namespace spar::host
