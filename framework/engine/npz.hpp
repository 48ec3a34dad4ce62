// NumPy's .npz: a zip archive of .npy arrays.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

struct NpzArray {
    std::string name;
    std::string type;  /// NumPy's: "<f4", "<i8", "|b1"
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;  /// C order; must live until the file is written
};

/// Throws Failure(Exit::storage) when the file cannot be written.
void save_npz(const std::filesystem::path &path, const std::vector<NpzArray> &arrays);

}  // namespace spar::host
