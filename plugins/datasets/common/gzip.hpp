// Unpacks gzip while reading, never more than asked for.
#pragma once

#include "file.hpp"

#include <zlib.h>

namespace datasets {

inline bool is_gzip(std::span<const std::uint8_t> first) {
    return first.size() >= 2 && first[0] == 0x1F && first[1] == 0x8B;
}

/// The content of a file, which may consist of several consecutive gzip members.
class Gunzip {
  public:
    explicit Gunzip(const InputFile &file) : file_(file) {
        if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
    }
    ~Gunzip() { inflateEnd(&stream_); }
    Gunzip(const Gunzip &) = delete;
    Gunzip &operator=(const Gunzip &) = delete;

    /// Unpacks until there are `limit` bytes or the file ends, whichever comes first. Memory grows
    /// with the actual content, not with the announced size.
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
            if (stream_.avail_in == 0 && left() > 0) read_on();
            const std::size_t space = std::min<std::size_t>(room - got, 1U << 30);
            stream_.next_out = target + got;
            stream_.avail_out = static_cast<uInt>(space);
            const int status = inflate(&stream_, Z_NO_FLUSH);
            got += space - stream_.avail_out;
            written_ += space - stream_.avail_out;
            if (status == Z_STREAM_END)
                next_member();
            else if (status == Z_BUF_ERROR ||
                     (status == Z_OK && at() == file_.size() && got < room))
                throw wrong(file_.path(), "the gzip stream is cut off at byte " +
                                              std::to_string(at()) + ", after " +
                                              std::to_string(written_) + " bytes of content");
            else if (status != Z_OK)
                throw wrong(file_.path(), "the gzip stream is damaged before byte " +
                                              std::to_string(at()) + ": " +
                                              (stream_.msg != nullptr ? stream_.msg : "no reason"));
        }
        return got;
    }

    /// The file offset of the next byte to unpack, and how many bytes are not yet in the buffer.
    std::int64_t at() const { return read_ - stream_.avail_in; }
    std::int64_t left() const { return file_.size() - read_; }

    /// Fills the buffer after what is left in it.
    void read_on() {
        std::copy_n(stream_.next_in, stream_.avail_in, buffer_.begin());
        const auto room = static_cast<std::int64_t>(buffer_.size() - stream_.avail_in);
        const std::int64_t count = std::min(left(), room);
        file_.read(read_,
                   std::span(buffer_).subspan(stream_.avail_in, static_cast<std::size_t>(count)));
        read_ += count;
        stream_.next_in = buffer_.data();
        stream_.avail_in += static_cast<uInt>(count);
    }

    void next_member() {
        if (at() == file_.size()) {
            done_ = true;
            return;
        }
        if (stream_.avail_in < 2 && left() > 0) read_on();
        if (!is_gzip({stream_.next_in, stream_.avail_in}))
            throw wrong(file_.path(), std::to_string(file_.size() - at()) +
                                          " bytes follow the end of the gzip stream at byte " +
                                          std::to_string(at()));
        inflateReset(&stream_);
    }

    const InputFile &file_;
    z_stream stream_{};
    Bytes buffer_ = Bytes(std::size_t{1} << 18);
    std::int64_t read_ = 0, written_ = 0;
    bool done_ = false;
};

}  // namespace datasets
