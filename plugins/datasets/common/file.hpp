// Reading a whole file into memory: its size is known before anything is allocated.
#pragma once

#include <spar/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace datasets {

using Bytes = std::vector<std::uint8_t>;

/// Most bytes of content that any one file may hold.
constexpr std::int64_t largest_content = std::int64_t{16} << 30;

inline spar::Error wrong(const std::string &path, const std::string &message) {
    return spar::bad_data(path + ": " + message);
}

/// A file open for reading; a folder, a pipe or a device is refused.
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

    std::int64_t size() const { return size_; }

    Bytes read() const {
        if (size_ > largest_content)
            throw wrong(path_, "holds " + std::to_string(size_) + " bytes, more than the " +
                                   std::to_string(largest_content) + " that are read at most");
        Bytes bytes(static_cast<std::size_t>(size_));
        std::size_t got = 0;
        while (got < bytes.size()) {
            const ssize_t count = ::read(descriptor_, bytes.data() + got, bytes.size() - got);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw wrong(path_, std::string("cannot read: ") + std::strerror(errno));
            if (count == 0) throw wrong(path_, "became shorter while it was read");
            got += static_cast<std::size_t>(count);
        }
        return bytes;
    }

  private:
    std::string path_;
    int descriptor_;
    std::int64_t size_ = 0;
};

inline Bytes read_file(const std::string &path) {
    return InputFile(path).read();
}

/// How much content a compressed file of this size may unfold to before it counts as a trap.
inline std::int64_t largest_unfolded(std::int64_t compressed) {
    return std::min(largest_content, (std::int64_t{64} << 20) + 256 * compressed);
}

}  // namespace datasets
