// NumPy's .npz: a zip archive of .npy arrays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace spar::host {

struct NpzArray {
    std::string name;
    std::string type;  /// NumPy's: "<f4", "<i8", "|b1"
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;  /// C order; must live until the file is written
    /// Used if `bytes` is empty: fills a buffer with those from `offset` on. May throw.
    std::function<void(std::uint64_t offset, std::span<std::byte> to)> read = nullptr;
};

/// Writes the file durably, completely or not at all. Arrays with `read` are never held in memory.
/// Throws Failure(Exit::storage) if the file cannot be written, and what `read` throws.
void save_npz(const std::filesystem::path &path, const std::vector<NpzArray> &arrays,
              bool compressed = false);

}  // namespace spar::host
