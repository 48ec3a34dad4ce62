// Unpacking gzip, never more than asked for.
#pragma once

#include "file.hpp"

#include <zlib.h>
#include <span>

namespace datasets {

inline bool is_gzip(const Bytes &file) {
    return file.size() >= 2 && file[0] == 0x1F && file[1] == 0x8B;
}

/// The content of a file in memory that may have several gzip members, one behind the other.
class Gunzip {
  public:
    Gunzip(const std::string &path, std::span<const std::uint8_t> file) : path_(path), file_(file) {
        if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
    }
    ~Gunzip() { inflateEnd(&stream_); }
    Gunzip(const Gunzip &) = delete;
    Gunzip &operator=(const Gunzip &) = delete;

    /// Unpacks until there are `limit` bytes or the file ends, whichever comes first. Memory grows
    /// with what arrives, not with what is promised.
    Bytes unpack(std::int64_t limit) {
        Bytes content;
        const auto wanted = static_cast<std::size_t>(limit);
        while (!done_ && content.size() < wanted) {
            const std::size_t had = content.size();
            content.resize(std::min(wanted, std::max<std::size_t>(2 * had, 65536)));
            content.resize(had + fill(content.data() + had, content.size() - had));
        }
        return content;
    }

  private:
    std::size_t fill(std::uint8_t *target, std::size_t room) {
        std::size_t got = 0;
        while (!done_ && got < room) {
            const std::size_t ahead = std::min<std::size_t>(file_.size() - read_, 1U << 30);
            const std::size_t space = std::min<std::size_t>(room - got, 1U << 30);
            stream_.next_in = const_cast<std::uint8_t *>(file_.data() + read_);
            stream_.avail_in = static_cast<uInt>(ahead);
            stream_.next_out = target + got;
            stream_.avail_out = static_cast<uInt>(space);
            const int status = inflate(&stream_, Z_NO_FLUSH);
            read_ += ahead - stream_.avail_in;
            got += space - stream_.avail_out;
            written_ += space - stream_.avail_out;
            if (status == Z_STREAM_END)
                next_member();
            else if (status == Z_BUF_ERROR ||
                     (status == Z_OK && read_ == file_.size() && got < room))
                throw wrong(path_, "the gzip stream is cut off at byte " + std::to_string(read_) +
                                       ", after " + std::to_string(written_) + " bytes of content");
            else if (status != Z_OK)
                throw wrong(path_, "the gzip stream is damaged before byte " +
                                       std::to_string(read_) + ": " +
                                       (stream_.msg != nullptr ? stream_.msg : "no reason"));
        }
        return got;
    }

    void next_member() {
        if (read_ == file_.size()) {
            done_ = true;
            return;
        }
        if (file_.size() - read_ < 2 || file_[read_] != 0x1F || file_[read_ + 1] != 0x8B)
            throw wrong(path_, std::to_string(file_.size() - read_) +
                                   " bytes follow the end of the gzip stream at byte " +
                                   std::to_string(read_));
        inflateReset(&stream_);
    }

    std::string path_;
    std::span<const std::uint8_t> file_;
    z_stream stream_{};
    std::size_t read_ = 0, written_ = 0;
    bool done_ = false;
};

}  // namespace datasets
