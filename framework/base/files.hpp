// Files that are whole or not there: written beside their place, then renamed.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace spar::host {

/// What `path` is called while it is written. Such a name is in nobody's way: a run that was killed
/// leaves it, the next one passes over it or takes it away.
std::filesystem::path partial_of(const std::filesystem::path &path);
/// Also of the temporary names that libzip makes of these.
bool is_partial(const std::filesystem::path &path);

/// Waits until the disk has what `partial` holds and gives it its name, for good. Throws
/// Failure(Exit::storage); then `partial` is gone.
void put_in_place(const std::filesystem::path &partial, const std::filesystem::path &path);
/// Waits until the disk has the names in a folder. Throws Failure(Exit::storage).
void sync_folder(const std::filesystem::path &folder);

/// Throws Failure(Exit::storage) naming the file when it cannot be written; then what was there
/// before is there still.
void write_file(const std::filesystem::path &path, std::string_view content);

/// Opens a file for reading and returns its size; throws Failure(Exit::data) when it cannot be.
std::uintmax_t open_file(const std::filesystem::path &path, std::ifstream &stream);

/// The file's bytes; throws Failure(Exit::data) when it cannot be read or exceeds `limit` bytes.
std::string read_file(const std::filesystem::path &path, std::uintmax_t limit);

}  // namespace spar::host
