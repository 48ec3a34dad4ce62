#include "weights/zip_file.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/words.hpp"
#include "engine/stopping.hpp"

#include <fmt/format.h>
#include <zip.h>
#include <algorithm>
#include <fstream>
#include <memory>

namespace spar::host {
namespace {

constexpr std::int64_t most_members = 1 << 20;
/// Deflate makes at most 1032 bytes of one.
constexpr std::uint64_t most_inflation = 1032;

std::string reason(zip_error_t *error) {
    if (zip_error_code_zip(error) == ZIP_ER_CRC)
        return "its content does not have its checksum: the file is damaged, or was written after "
               "torch.serialization.set_crc32_options(False)";
    return zip_error_strerror(error);
}

}  // namespace

ZipFile::ZipFile(const std::filesystem::path &path) : path_(path) {
    std::ifstream stream;
    size_ = open_file(path, stream);
    int code = 0;
    archive_ = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive_ == nullptr) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = reason(&error);
        zip_error_fini(&error);
        refuse(why);
    }
    try {
        list();
    } catch (...) {
        zip_discard(archive_);
        throw;
    }
}

ZipFile::~ZipFile() {
    zip_discard(archive_);
}

void ZipFile::refuse(const std::string &what) const {
    throw Failure(Exit::data, fmt::format("{}: not a sound zip archive: {}", path_.string(), what));
}

void ZipFile::list() {
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    if (count > most_members)
        refuse(fmt::format("it lists {} members, more than {}", count, most_members));
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
        zip_stat_t stat;
        zip_stat_init(&stat);
        constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                        ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
        if (zip_stat_index(archive_, i, 0, &stat) != 0) refuse(reason(zip_get_error(archive_)));
        if ((stat.valid & needed) != needed) refuse(fmt::format("member {} has no sizes", i));
        const std::string name = stat.name;
        const auto wrong = [&](const std::string &what) {
            refuse(fmt::format("its member {} {}", quote(name), what));
        };
        if (stat.encryption_method != ZIP_EM_NONE) wrong("is encrypted");
        if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
            wrong(fmt::format("is packed by method {}, expected one that is stored or deflated",
                              stat.comp_method));
        const std::uint64_t most =
            stat.comp_method == ZIP_CM_STORE ? stat.comp_size : stat.comp_size * most_inflation;
        if (stat.comp_size > size_ || stat.size > most)
            wrong(fmt::format("should hold {} bytes in {}, and the file has {}", stat.size,
                              stat.comp_size, size_));
        if (!members_.emplace(name, Member{i, stat.size}).second) wrong("occurs twice");
    }
}

std::string ZipFile::read(const std::string &name) const {
    constexpr std::size_t block = std::size_t{1} << 22;
    const Member &member = members_.at(name);
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t *)> file(
        zip_fopen_index(archive_, member.index, 0), zip_fclose);
    if (!file) refuse(fmt::format("member {}: {}", quote(name), reason(zip_get_error(archive_))));
    std::string content(member.size, '\0');
    // One byte more is asked for, so that the end is seen, and with it the checksum.
    for (std::size_t at = 0;;) {
        end_if_stopped(path_.string() + " was read");
        char end = 0;
        char *to = at < content.size() ? content.data() + at : &end;
        const zip_int64_t count =
            zip_fread(file.get(), to, std::clamp<std::size_t>(content.size() - at, 1, block));
        if (count < 0)
            refuse(
                fmt::format("member {}: {}", quote(name), reason(zip_file_get_error(file.get()))));
        if (count == 0 && at == content.size()) return content;
        if (count == 0 || at == content.size())
            refuse(fmt::format("member {} has {} than the {} bytes that it should have",
                               quote(name), count == 0 ? "fewer" : "more", content.size()));
        at += static_cast<std::size_t>(count);
    }
}

}  // namespace spar::host
