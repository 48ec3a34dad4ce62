#include "file/files.hpp"

#include <spar/error.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace onnx {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = std::uint64_t{8} << 30;

std::string read_part(const fs::path &path, std::uint64_t offset, std::uint64_t length) {
    std::ifstream stream(path, std::ios::binary);
    std::string bytes(length, '\0');
    stream.seekg(static_cast<std::streamoff>(offset));
    if (!stream.read(bytes.data(), static_cast<std::streamsize>(length)))
        throw spar::bad_data(path.string() + ": cannot be read");
    return bytes;
}

std::uint64_t size_of(const fs::path &path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error))
        throw spar::bad_data(
            path.string() + (fs::exists(path, error) ? ": is no file" : ": there is no such file"));
    const std::uint64_t size = fs::file_size(path, error);
    if (error || size > largest_file)
        throw spar::bad_data(path.string() + ": cannot be read, or is larger than 8 GiB");
    return size;
}

/// Whether every part of a path is among the first ones of another.
bool inside(const fs::path &folder, const fs::path &path) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
           folder.end();
}

}  // namespace

std::string read_file(const std::string &path) {
    return read_part(path, 0, size_of(path));
}

std::string read_elsewhere(const std::string &folder, const Elsewhere &place) {
    const fs::path name(place.location);
    const auto refuse = [&](const std::string &fault) {
        throw spar::bad_data("a tensor lies in the file \"" + place.location + "\", " + fault);
    };
    if (name.empty() || name.is_absolute() || place.location.find('\0') != std::string::npos ||
        std::ranges::any_of(name, [](const fs::path &part) { return part == ".."; }))
        refuse("and only files in the model's own folder are read; give a name relative to it");
    std::error_code error;
    const fs::path home = fs::canonical(folder.empty() ? "." : folder, error);
    const fs::path path = fs::weakly_canonical(home / name, error);
    if (error || !fs::is_regular_file(path, error))
        refuse(
            "which is not there; copy it beside the model, or export into one file: "
            "program.save(\"net.onnx\", external_data=False)");
    if (!inside(home, path)) refuse("which leads out of the model's folder; copy it there");
    const std::uint64_t size = size_of(path);
    if (place.offset > size || place.length > size - place.offset)
        refuse("which has " + std::to_string(size) +
               " bytes, fewer than the tensor needs; the "
               "file may be cut off");
    return read_part(path, place.offset, place.length);
}

}  // namespace onnx
