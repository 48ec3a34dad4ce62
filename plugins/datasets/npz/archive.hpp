// Members of a zip archive, through libzip; never more bytes than the archive can really contain.
#pragma once

#include "../common/file.hpp"

#include <zip.h>
#include <memory>

namespace npz {

using datasets::Bytes, datasets::wrong;

struct Close {
    void operator()(zip_t *zip) const { zip_discard(zip); }
    void operator()(zip_file_t *file) const { zip_fclose(file); }
};

/// A member being unpacked from its beginning.
class Member {
  public:
    Member(std::string path, zip_file_t *file, std::int64_t size)
        : path_(std::move(path)), file_(file), size_(size) {}

    /// The names of the archive and of the member.
    const std::string &path() const { return path_; }
    /// The claimed size of the content in bytes.
    std::int64_t size() const { return size_; }

    /// The next `count` bytes; throws if the member is shorter.
    Bytes read(std::int64_t count) {
        Bytes content;
        const auto wanted = static_cast<std::size_t>(count);
        while (content.size() < wanted) {  // memory grows with the actual content
            const std::size_t had = content.size();
            content.resize(std::min(wanted, std::max<std::size_t>(2 * had, 65536)));
            const std::size_t got = fill(std::span(content).subspan(had));
            content.resize(had + got);
            if (got == 0)
                throw wrong(path_, "claims " + std::to_string(size_) + " bytes, found " +
                                       std::to_string(done_));
        }
        return content;
    }

    /// Requires that nothing is left and the checksum is right.
    void finish() {
        std::uint8_t more = 0;
        if (fill({&more, 1}) != 0)
            throw wrong(path_, "claims " + std::to_string(size_) + " bytes, found more");
    }

  private:
    std::size_t fill(std::span<std::uint8_t> target) {
        const zip_int64_t got = zip_fread(file_.get(), target.data(), target.size());
        if (got < 0)
            throw wrong(path_, "is damaged after " + std::to_string(done_) +
                                   " bytes: " + zip_file_strerror(file_.get()));
        done_ += got;
        return static_cast<std::size_t>(got);
    }

    std::string path_;
    std::unique_ptr<zip_file_t, Close> file_;
    std::int64_t size_, done_ = 0;
};

class Archive {
  public:
    explicit Archive(const std::string &path) : path_(path) {
        const datasets::InputFile file(path);
        size_ = file.size();
        int code = 0;
        zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
        if (!zip_) {
            zip_error_t error;
            zip_error_init_with_code(&error, code);
            const std::string reason = zip_error_strerror(&error);
            zip_error_fini(&error);
            const std::string kind = file.kind();
            if (kind.ends_with("zip archive") || kind.ends_with("(.npz)") ||
                kind.ends_with("(torch.save)"))
                throw wrong(path, "begins as " + kind + " does, but cannot be read to its end: " +
                                      reason + "; is it cut off? Write or fetch it again");
            throw wrong(
                path,
                "is no zip archive that can be read: " + reason +
                    (kind.empty() ? "" : "; it is " + kind + ", expected what numpy.savez writes"));
        }
    }

    Member open(const std::string &name) const {
        zip_stat_t status;
        if (zip_stat(zip_.get(), name.c_str(), 0, &status) != 0)
            throw wrong(path_, "holds no " + name + "; it holds " + names());
        const std::string member = path_ + "/" + name;
        constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
        if ((status.valid & needed) != needed) throw wrong(member, "does not say its size");
        check_claim(member, status);
        zip_file_t *file = zip_fopen(zip_.get(), name.c_str(), 0);
        if (file == nullptr)
            throw wrong(member, std::string("cannot open: ") + zip_strerror(zip_.get()));
        return {member, file, static_cast<std::int64_t>(status.size)};
    }

  private:
    /// Requires that a member claims no more than its bytes in the archive can unpack to.
    void check_claim(const std::string &member, const zip_stat_t &status) const {
        const auto packed =
            static_cast<std::int64_t>(std::min(status.comp_size, static_cast<zip_uint64_t>(size_)));
        const bool stored = status.comp_method == ZIP_CM_STORE;
        if (!stored && status.comp_method != ZIP_CM_DEFLATE)
            throw wrong(member, "is compressed in a way that NumPy does not write (method " +
                                    std::to_string(status.comp_method) +
                                    "); save it with numpy.savez");
        const std::int64_t most = stored ? packed : datasets::largest_unfolded(packed);
        if (status.size > static_cast<zip_uint64_t>(most))
            throw wrong(member, "claims " + std::to_string(status.size) + " bytes, but its " +
                                    std::to_string(packed) + " bytes in the archive " +
                                    (stored ? "are no more" : "unfold to no more than ") +
                                    (stored ? "" : std::to_string(most)));
    }

    std::string names() const {
        const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
        std::string text;
        for (zip_int64_t i = 0; i < std::min<zip_int64_t>(count, 10); ++i) {
            const char *name = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), 0);
            if (name != nullptr) text += (text.empty() ? "" : ", ") + std::string(name);
        }
        return text.empty() ? "nothing" : text;
    }

    std::string path_;
    std::int64_t size_ = 0;
    std::unique_ptr<zip_t, Close> zip_;
};

}  // namespace npz
