// Members of a zip archive, through libzip; never more bytes than the archive can honestly hold.
#pragma once

#include "../common/file.hpp"

#include <zip.h>
#include <memory>

namespace npz {

using datasets::Bytes, datasets::wrong;

class Archive {
  public:
    explicit Archive(const std::string &path) : path_(path) {
        most_ = datasets::largest_unfolded(datasets::InputFile(path).size());
        int code = 0;
        zip_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
        if (!zip_) {
            zip_error_t error;
            zip_error_init_with_code(&error, code);
            const std::string reason = zip_error_strerror(&error);
            zip_error_fini(&error);
            throw wrong(path, "is no zip archive that can be read: " + reason);
        }
    }

    /// The whole content of a member, its checksum verified.
    Bytes read(const std::string &name) const {
        zip_stat_t status;
        if (zip_stat(zip_.get(), name.c_str(), 0, &status) != 0)
            throw wrong(path_, "holds no " + name + "; it holds " + names());
        const std::string member = path_ + "/" + name;
        if ((status.valid & ZIP_STAT_SIZE) == 0) throw wrong(member, "does not say its size");
        if (status.size > static_cast<zip_uint64_t>(most_))
            throw wrong(member, "claims " + std::to_string(status.size) +
                                    " bytes, but members of this archive may unpack to " +
                                    std::to_string(most_) + " at most");
        return unpack(member, name, static_cast<std::size_t>(status.size));
    }

  private:
    struct Close {
        void operator()(zip_t *zip) const { zip_discard(zip); }
        void operator()(zip_file_t *file) const { zip_fclose(file); }
    };

    Bytes unpack(const std::string &member, const std::string &name, std::size_t size) const {
        const std::unique_ptr<zip_file_t, Close> file(zip_fopen(zip_.get(), name.c_str(), 0));
        if (!file) throw wrong(member, std::string("cannot open: ") + zip_strerror(zip_.get()));
        Bytes content;
        for (;;) {
            const std::size_t had = content.size();
            content.resize(
                had + std::min<std::size_t>(std::max<std::size_t>(had, 65536), size - had + 1));
            const zip_int64_t got =
                zip_fread(file.get(), content.data() + had, content.size() - had);
            if (got < 0)
                throw wrong(member, "is damaged after " + std::to_string(had) +
                                        " bytes: " + zip_file_strerror(file.get()));
            content.resize(had + static_cast<std::size_t>(got));
            if (got == 0 || content.size() > size) break;
        }
        if (content.size() != size)
            throw wrong(member,
                        "claims " + std::to_string(size) + " bytes, found " +
                            (content.size() > size ? "more" : std::to_string(content.size())));
        return content;
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
    std::int64_t most_;
    std::unique_ptr<zip_t, Close> zip_;
};

}  // namespace npz
