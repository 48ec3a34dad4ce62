// A file that a reporter writes in the run's folder.
#pragma once

#include <spar/error.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace reporters {

inline spar::Error cannot(const std::string &what, const std::string &path, int code) {
    return spar::bad_data("cannot " + what + " " + path + ": " + std::strerror(code));
}

/// A file open for appending. Every write goes to the system at once, so that it survives the end
/// of the process.
class File {
  public:
    File(std::string path, int flags)
        : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
        if (descriptor_ < 0) throw cannot("open", path_, errno);
    }
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File &) = delete;
    File &operator=(const File &) = delete;

    const std::string &path() const { return path_; }

    void write(std::string_view text) {
        while (!text.empty()) {
            const ssize_t done = ::write(descriptor_, text.data(), text.size());
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) throw cannot("write", path_, errno);
            text.remove_prefix(static_cast<std::size_t>(done));
        }
    }

    std::string read() {
        std::string text;
        char block[65536];
        off_t at = 0;
        for (;;) {
            const ssize_t got = ::pread(descriptor_, block, sizeof block, at);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw cannot("read", path_, errno);
            if (got == 0) return text;
            text.append(block, static_cast<std::size_t>(got));
            at += got;
        }
    }

    void cut(std::size_t size) {
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0)
            throw cannot("shorten", path_, errno);
    }

    /// Waits until everything is on disk.
    void sync() {
        while (::fsync(descriptor_) != 0)
            if (errno != EINTR) throw cannot("store", path_, errno);
    }

  private:
    std::string path_;
    int descriptor_;
};

}  // namespace reporters
