// Reading files: their size is known before anything is allocated, and parts can be read
// separately, so that a header can be verified before the content that it announces is read.
#pragma once

#include <spar/error.hpp>
#include <spar/kit/file_kind.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace datasets {

using Bytes = std::vector<std::uint8_t>;

/// The maximum content of any file, in bytes.
constexpr std::int64_t largest_content = std::int64_t{16} << 30;

inline spar::Error wrong(const std::string &path, const std::string &message) {
    return spar::bad_data(path + ": " + message);
}

/// A file open for reading; folders, pipes and devices are refused.
class InputFile {
  public:
    explicit InputFile(const std::string &path)
        : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
        if (descriptor_ < 0)
            throw wrong(path_, std::string("cannot open: ") + std::strerror(errno));
        struct stat status {};
        const bool known = ::fstat(descriptor_, &status) == 0;
        if (!known || !S_ISREG(status.st_mode)) {
            ::close(descriptor_);
            throw wrong(path_, S_ISDIR(status.st_mode) ? "is a folder, expected a file"
                                                       : "is not a regular file");
        }
        size_ = status.st_size;
    }
    ~InputFile() { ::close(descriptor_); }
    InputFile(const InputFile &) = delete;
    InputFile &operator=(const InputFile &) = delete;

    const std::string &path() const { return path_; }
    std::int64_t size() const { return size_; }

    /// Reads bytes [offset, offset + target.size()); throws if the file is too short.
    void read(std::int64_t offset, std::span<std::uint8_t> target) const {
        while (!target.empty()) {
            const ssize_t count = ::pread(descriptor_, target.data(), target.size(), offset);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw wrong(path_, std::string("cannot read: ") + std::strerror(errno));
            if (count == 0) throw wrong(path_, "became shorter while it was read");
            offset += count;
            target = target.subspan(static_cast<std::size_t>(count));
        }
    }

    /// Up to `count` bytes from `offset` on, as many as there are.
    Bytes read(std::int64_t offset, std::int64_t count) const {
        count = std::min(count, std::max(size_ - offset, std::int64_t{0}));
        if (count > largest_content)
            throw wrong(path_, "holds " + std::to_string(count) + " bytes, more than the " +
                                   std::to_string(largest_content) + " that are read at most");
        Bytes bytes(static_cast<std::size_t>(count));
        read(offset, std::span(bytes));
        return bytes;
    }

    /// What the file is, by its first bytes; see spar::file_kind.
    std::string kind() const {
        const Bytes first = read(0, spar::file_kind_bytes);
        return spar::file_kind({reinterpret_cast<const char *>(first.data()), first.size()});
    }

  private:
    std::string path_;
    int descriptor_;
    std::int64_t size_ = 0;
};

/// Deflate expands a byte to at most 1,032: a higher claim is a trap.
constexpr std::int64_t deflate_ratio = 1032;

/// How much content this many bytes of deflate can unpack to.
inline std::int64_t largest_unfolded(std::int64_t compressed) {
    return std::min(largest_content / deflate_ratio, compressed) * deflate_ratio;
}

}  // namespace datasets
