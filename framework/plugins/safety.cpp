#include "plugins/safety.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

/// What is wrong with the owner and permissions of one file or folder.
std::string open_to_others(const fs::path &path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return {};  // reported elsewhere
    const uid_t me = ::geteuid();
    if (about.st_uid != me && about.st_uid != 0)
        return "belongs to another user (number " + std::to_string(about.st_uid) +
               "), who could have put anything there; copy it to a folder of your own";
    if ((about.st_mode & S_IWOTH) != 0)
        return "can be written to by everybody; take that right away (chmod o-w)";
    if ((about.st_mode & S_IWGRP) != 0 && about.st_gid != ::getegid() && about.st_gid != 0)
        return "can be written to by a group that is not yours (number " +
               std::to_string(about.st_gid) + "); take that right away (chmod g-w)";
    return {};
}

}  // namespace

std::string unsafe_folder(const fs::path &folder) {
    std::error_code error;
    const fs::path whole = fs::canonical(folder, error);
    if (error) return {};
    if (const std::string fault = open_to_others(whole); !fault.empty()) return fault;
    for (fs::path above = whole.parent_path(); above.has_relative_path();
         above = above.parent_path()) {
        struct stat about {};
        if (::stat(above.c_str(), &about) == 0 && (about.st_mode & S_IWOTH) != 0 &&
            (about.st_mode & S_ISVTX) == 0)
            return "lies in " + above.string() +
                   ", where everybody may replace it; take that right away (chmod o-w)";
    }
    return {};
}

std::string unsafe_file(const fs::path &file) {
    std::error_code error;
    const fs::path whole = fs::canonical(file, error);
    if (error) return {};
    if (const std::string fault = open_to_others(whole); !fault.empty()) return fault;
    const std::string folder = unsafe_folder(whole.parent_path());
    return folder.empty() ? "" : "lies in a folder that " + folder;
}

}  // namespace spar::host
