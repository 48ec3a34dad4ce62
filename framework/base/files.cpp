#include "base/files.hpp"

#include "base/failure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace spar::host {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path &path, const char *what, int reason) {
    throw Failure(exit_for_errno(reason),
                  fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(reason)));
}

/// Waits until the content of an open file or folder is on disk; returns 0 or the error.
int synced(int file) {
    while (::fsync(file) != 0)
        if (errno != EINTR) return errno;
    return 0;
}

/// Opens a file that does not exist yet, so that a planted link is never written through. One left
/// by a killed run is replaced.
int create_new(const fs::path &path) {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const int file = ::open(path.c_str(), flags, 0666);
    if (file >= 0 || errno != EEXIST || ::unlink(path.c_str()) != 0) return file;
    return ::open(path.c_str(), flags, 0666);
}

int write_all(int file, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(file, content.data(), content.size());
        if (written < 0 && errno != EINTR) return errno;
        if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace

fs::path partial_of(const fs::path &path) {
    return path.string() + ".partial";
}

bool is_partial(const fs::path &path) {
    const std::string name = path.filename().string();
    const std::size_t at = name.rfind(".partial");
    return at != std::string::npos && at > 0 &&
           (name.size() == at + 8 || (name.size() == at + 15 && name[at + 8] == '.'));
}

void sync_folder(const fs::path &folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) refuse(folder, "open the folder", errno);
    const int error = synced(file);
    ::close(file);
    // Some file systems cannot, and report that.
    if (error != 0 && error != EINVAL && error != EROFS) refuse(folder, "store the folder", error);
}

void put_in_place(const fs::path &partial, const fs::path &path) {
    const int file = ::open(partial.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int error = file < 0 ? errno : synced(file);
    if (file >= 0) ::close(file);
    if (error == 0 && ::rename(partial.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(partial.c_str());
        refuse(path, "store the file", error);
    }
    sync_folder(fs::absolute(path).parent_path());
}

void write_file(const fs::path &path, std::string_view content) {
    const fs::path partial = partial_of(path);
    const int file = create_new(partial);
    if (file < 0) refuse(path, "create the file", errno);
    int error = write_all(file, content);
    if (::close(file) != 0 && error == 0) error = errno;
    if (error != 0) {
        ::unlink(partial.c_str());
        refuse(path, "write the file", error);
    }
    put_in_place(partial, path);
}

std::uintmax_t open_file(const fs::path &path, std::ifstream &stream) {
    const auto refuse = [&](const std::string &what) {
        throw Failure(Exit::data, path.string() + ": " + what);
    };
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (!fs::exists(status)) refuse("there is no such file");
    if (!fs::is_regular_file(status)) refuse("not a file");
    errno = 0;
    stream.open(path, std::ios::binary);
    if (!stream) refuse(std::string("cannot be opened: ") + std::strerror(errno));
    return fs::file_size(path, code);
}

std::string read_file(const fs::path &path, std::uintmax_t limit) {
    std::ifstream stream;
    const std::uintmax_t size = open_file(path, stream);
    if (size > limit)
        throw Failure(Exit::data, fmt::format("{}: {} bytes, more than the {} allowed here",
                                              path.string(), size, limit));
    std::string content(size, '\0');
    if (!stream.read(content.data(), static_cast<std::streamsize>(size)))
        throw Failure(Exit::data, path.string() + ": cannot be read whole");
    return content;
}

}  // namespace spar::host
