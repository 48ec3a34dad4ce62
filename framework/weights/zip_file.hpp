// Reading a zip archive that nobody vouches for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

struct zip;

namespace spar::host {

/// Of members that are stored or deflated; no other kind can be read. Sizes are checked against the
/// file's own before memory is taken. Throws Failure(Exit::data) naming file and fault.
class ZipFile {
  public:
    struct Member {
        std::uint64_t index = 0, size = 0;
    };

    explicit ZipFile(const std::filesystem::path &path);
    ~ZipFile();
    ZipFile(const ZipFile &) = delete;
    ZipFile &operator=(const ZipFile &) = delete;

    const std::map<std::string, Member> &members() const { return members_; }
    /// Of the archive itself, in bytes.
    std::uint64_t size() const { return size_; }
    /// The whole content of a member, whose checksum must be right.
    std::string read(const std::string &name) const;

  private:
    [[noreturn]] void refuse(const std::string &what) const;
    void list();

    std::filesystem::path path_;
    std::uint64_t size_ = 0;
    ::zip *archive_ = nullptr;
    std::map<std::string, Member> members_;
};

}  // namespace spar::host
