#include "run/npz.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <utility>

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

std::uint64_t item_size(const NpzArray &array) {
    return array.type == "|b1" ? 1 : array.type == "<f4" ? 4 : 8;
}

/// One array as libzip reads it: header, then content.
struct Member {
    explicit Member(const NpzArray &of) : array(of), header(npy_header(of)), size(header.size()) {
        std::uint64_t items = 1;
        for (const std::int64_t extent : array.shape) items *= static_cast<std::uint64_t>(extent);
        size += items * item_size(array);
    }

    const NpzArray &array;
    std::string header;
    std::uint64_t size, at = 0;
    std::exception_ptr failure{};
    zip_error_t error{};

    zip_int64_t read(std::byte *to, std::uint64_t most) {
        const std::uint64_t count = std::min(most, size - at);
        std::span<std::byte> rest(to, count);
        if (at < header.size()) {
            const std::size_t part = std::min<std::size_t>(rest.size(), header.size() - at);
            std::memcpy(rest.data(), header.data() + at, part);
            rest = rest.subspan(part);
        }
        const std::uint64_t offset = std::max<std::uint64_t>(at, header.size()) - header.size();
        if (array.read)
            array.read(offset, rest);
        else
            std::memcpy(rest.data(), array.bytes.data() + offset, rest.size());
        at += count;
        return static_cast<zip_int64_t>(count);
    }

    static zip_int64_t call(void *self, void *data, zip_uint64_t length, zip_source_cmd_t command) {
        auto &member = *static_cast<Member *>(self);
        switch (command) {
            case ZIP_SOURCE_OPEN:
                member.at = 0;
                return 0;
            case ZIP_SOURCE_READ:
                try {
                    return member.read(static_cast<std::byte *>(data), length);
                } catch (...) {
                    member.failure = std::current_exception();
                    zip_error_set(&member.error, ZIP_ER_READ, EIO);
                    return -1;
                }
            case ZIP_SOURCE_STAT: {
                auto &stat = *static_cast<zip_stat_t *>(data);
                zip_stat_init(&stat);
                stat.size = member.size;
                stat.valid = ZIP_STAT_SIZE;
                return sizeof stat;
            }
            case ZIP_SOURCE_ERROR:
                return zip_error_to_data(&member.error, data, length);
            case ZIP_SOURCE_SUPPORTS:
                return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
                                                      ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                                      ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
            default:
                return 0;
        }
    }
};

std::pair<std::string, Exit> reason(zip_error_t *error) {
    const bool memory = zip_error_code_zip(error) == ZIP_ER_MEMORY;
    return {zip_error_strerror(error),
            exit_for_errno(memory ? ENOMEM : zip_error_code_system(error))};
}

}  // namespace

void save_npz(const std::filesystem::path &path, const std::vector<NpzArray> &arrays,
              bool compressed) {
    const std::filesystem::path partial = partial_of(path);
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    std::deque<Member> members;  // the archive refers to these until it is closed
    const auto refuse = [&](const std::pair<std::string, Exit> &why) {
        std::filesystem::remove(partial, ignored);
        for (const Member &member : members)
            if (member.failure) std::rethrow_exception(member.failure);
        throw Failure(why.second, fmt::format("{}: cannot write: {}", path.string(), why.first));
    };
    int code = 0;
    zip_t *archive = zip_open(partial.c_str(), ZIP_CREATE | ZIP_EXCL, &code);
    if (archive == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const auto why = reason(&error);
        zip_error_fini(&error);
        refuse(why);
    }
    for (const NpzArray &array : arrays) {
        Member &member = members.emplace_back(array);
        zip_source_t *source = zip_source_function(archive, Member::call, &member);
        const std::string name = array.name + ".npy";
        const zip_int64_t index =
            source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
        if (index < 0) {
            const auto why = reason(zip_get_error(archive));
            zip_source_free(source);
            zip_discard(archive);
            refuse(why);
        }
        const auto at = static_cast<zip_uint64_t>(index);
        // A fixed time, so that the same content gives the same bytes.
        zip_file_set_dostime(archive, at, 0, 33, 0);
        zip_set_file_compression(archive, at, compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 1);
    }
    if (zip_close(archive) != 0) {
        const auto why = reason(zip_get_error(archive));
        zip_discard(archive);
        refuse(why);
    }
    put_in_place(partial, path);
}

}  // namespace spar::host
