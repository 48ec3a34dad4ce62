// Files that are complete or absent: written under another name, then renamed.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace spar::host {

/// The name of `path` while it is being written. A killed run may leave such a file; the next one
/// ignores or removes it.
std::filesystem::path partial_of(const std::filesystem::path &path);
/// Also true for the temporary names that libzip derives from these.
bool is_partial(const std::filesystem::path &path);

/// Waits until the content of `partial` is on disk, then gives it its final name durably. Throws
/// Failure(Exit::storage); `partial` is then gone.
void put_in_place(const std::filesystem::path &partial, const std::filesystem::path &path);
/// Waits until the names in a folder are on disk. Throws Failure(Exit::storage).
void sync_folder(const std::filesystem::path &folder);

/// Throws Failure(Exit::storage) naming the file if it cannot be written; the previous content is
/// then unchanged.
void write_file(const std::filesystem::path &path, std::string_view content);

/// Opens a file for reading and returns its size; throws Failure(Exit::data) if that fails.
std::uintmax_t open_file(const std::filesystem::path &path, std::ifstream &stream);

/// The file's bytes; throws Failure(Exit::data) if it cannot be read or exceeds `limit` bytes.
std::string read_file(const std::filesystem::path &path, std::uintmax_t limit);

}  // namespace spar::host
