#include "engine/npz.hpp"

#include "pipeline/failure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

namespace spar::host {
namespace {

/// Magic, version 1.0, and the description of the array, padded to a multiple of 64 bytes.
std::string npy_header(const NpzArray &array) {
    const std::string shape =
        fmt::format("({}{})", fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
    std::string text =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", array.type, shape);
    constexpr std::size_t prefix = 10;
    text.resize((prefix + text.size() + 1 + 63) / 64 * 64 - prefix - 1, ' ');
    text += '\n';
    std::string header("\x93NUMPY\x01\x00", 8);
    header += static_cast<char>(text.size() & 0xFF);
    header += static_cast<char>(text.size() >> 8);
    return header + text;
}

}  // namespace

void save_npz(const std::filesystem::path &path, const std::vector<NpzArray> &arrays) {
    const std::filesystem::path partial = path.string() + ".partial";
    std::filesystem::remove(partial);
    const auto refuse = [&](const std::string &why) {
        std::error_code ignored;
        std::filesystem::remove(partial, ignored);
        throw Failure(Exit::storage, fmt::format("{}: cannot write: {}", path.string(), why));
    };
    int code = 0;
    zip_t *archive = zip_open(partial.c_str(), ZIP_CREATE | ZIP_EXCL, &code);
    if (archive == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        refuse(why);
    }
    std::vector<std::string> contents;
    contents.reserve(arrays.size());  // the archive refers to them until it is closed
    for (const NpzArray &array : arrays) {
        std::string &content = contents.emplace_back(npy_header(array));
        content.append(reinterpret_cast<const char *>(array.bytes.data()), array.bytes.size());
        zip_source_t *source = zip_source_buffer(archive, content.data(), content.size(), 0);
        const std::string name = array.name + ".npy";
        const zip_int64_t index =
            source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (index < 0) {
            const std::string why = zip_strerror(archive);
            zip_source_free(source);
            zip_discard(archive);
            refuse(why);
        }
        // One fixed time, so that the same content is the same bytes.
        zip_file_set_dostime(archive, static_cast<zip_uint64_t>(index), 0, 33, 0);
        zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 1);
    }
    if (zip_close(archive) != 0) {
        const std::string why = zip_strerror(archive);
        zip_discard(archive);
        refuse(why);
    }
    std::error_code failed;
    std::filesystem::rename(partial, path, failed);
    if (failed) refuse(failed.message());
}

}  // namespace spar::host
