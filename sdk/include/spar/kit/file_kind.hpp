// What a file is, by its first bytes: for the message when a file has the wrong format.
#pragma once

#include <spar/abi/visibility.h>

#include <string>
#include <string_view>

namespace SPAR_HIDDEN spar {

/// The number of bytes that file_kind examines.
constexpr std::size_t file_kind_bytes = 512;

/// "a Python pickle" or the like, from a file's first bytes; empty if they are not conclusive.
inline std::string file_kind(std::string_view first) {
    const auto begins = [&](std::string_view magic) { return first.starts_with(magic); };
    if (begins("PK\x03\x04") && first.size() >= 30) {  // a zip archive; its first member's name
        const auto length = static_cast<unsigned char>(first[26]);
        const std::string_view name = first.substr(30, length);
        if (name.ends_with(".npy")) return "a NumPy archive (.npz)";
        if (name.ends_with("/data.pkl")) return "a PyTorch checkpoint (torch.save)";
        return "a zip archive";
    }
    if (begins("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20")) return "an old PyTorch checkpoint";
    if (first.size() > 2 && first[0] == '\x80' && first[1] >= 2 && first[1] <= 5 &&
        static_cast<unsigned char>(first[2]) >= '(')  // an opcode
        return "a Python pickle";
    if (first.size() >= 262 && first.substr(257, 5) == "ustar") return "a tar archive";
    struct Magic {
        std::string_view bytes;
        const char *kind;
    };
    static constexpr Magic magics[] = {
        {"\x1F\x8B", "a gzip file"},
        {"\x93NUMPY", "a NumPy array (.npy)"},
        {"\x89HDF", "an HDF5 file (.h5, as Keras writes)"},
        {"BZh", "a bzip2 file"},
        {"\xFD"
         "7zXZ",
         "an xz file"},
        {"\x28\xB5\x2F\xFD", "a zstd file"},
        {"PAR1", "a Parquet file"},
        {"ARROW1", "an Arrow file"},
        {"GGUF", "a GGUF file"},
        {"\x89PNG", "a PNG image"},
        {"\xFF\xD8\xFF", "a JPEG image"},
        {"\xFF\xFE", "text in UTF-16"},
        {"\xFE\xFF", "text in UTF-16"},
        {"<!DOCTYPE", "an HTML page, perhaps of a download that failed"},
        {"<html", "an HTML page, perhaps of a download that failed"},
        {"version https://git-lfs", "a pointer of Git LFS (git lfs pull fetches the file)"},
    };
    for (const Magic &magic : magics)
        if (begins(magic.bytes)) return magic.kind;
    return {};
}

}  // namespace spar
