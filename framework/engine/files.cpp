#include "engine/files.hpp"

#include "pipeline/failure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace spar::host {
namespace fs = std::filesystem;

void write_file(const fs::path &path, std::string_view content) {
    const fs::path partial = path.string() + ".partial";
    const auto refuse = [&](const char *what) {
        const int reason = errno;
        ::unlink(partial.c_str());
        throw Failure(Exit::storage,
                      fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(reason)));
    };
    const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) refuse("create the file");
    while (!content.empty()) {
        const ssize_t written = ::write(file, content.data(), content.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            const int reason = errno;
            ::close(file);
            errno = reason;
            refuse("write the file");
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    const bool stored = ::fsync(file) == 0;
    if (::close(file) != 0 || !stored) refuse("store the file");
    if (::rename(partial.c_str(), path.c_str()) != 0) refuse("rename the file into place");
}

std::string read_file(const fs::path &path, std::uintmax_t limit) {
    const auto refuse = [&](const std::string &what) {
        throw Failure(Exit::data, path.string() + ": " + what);
    };
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (!fs::exists(status)) refuse("there is no such file");
    if (!fs::is_regular_file(status)) refuse("not a file");
    const std::uintmax_t size = fs::file_size(path, code);
    if (size > limit) refuse(fmt::format("{} bytes, more than the {} allowed here", size, limit));
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream) refuse(std::string("cannot be opened: ") + std::strerror(errno));
    std::string content(size, '\0');
    if (!stream.read(content.data(), static_cast<std::streamsize>(size)))
        refuse("cannot be read whole");
    return content;
}

}  // namespace spar::host
