#include "plugins/files.hpp"

#include "plugins/elf.hpp"
#include "plugins/safety.hpp"
#include "plugins/search.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

/// The files of a folder that look like plugins, sorted by name.
std::vector<fs::path> candidates(const fs::path &folder, std::vector<Refusal> &refusals) {
    std::vector<fs::path> files;
    std::error_code error;
    if (!fs::exists(folder, error)) return files;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        if (it->path().extension() == ".so") files.push_back(it->path());
    if (error) refusals.push_back({folder, "cannot be searched: " + error.message()});
    std::sort(files.begin(), files.end());
    return files;
}

bool same_folder(const fs::path &one, const fs::path &other) {
    std::error_code error;
    return fs::equivalent(one, other, error) && !error;
}

}  // namespace

bool is_own(const fs::path &folder) {
    const std::vector<fs::path> own = own_folders();
    return std::any_of(own.begin(), own.end(),
                       [&](const fs::path &one) { return same_folder(one, folder); });
}

std::vector<fs::path> sound_files(std::vector<fs::path> folders, std::vector<Refusal> &refusals) {
    std::stable_partition(folders.begin(), folders.end(), is_own);
    std::vector<fs::path> files;
    std::set<std::pair<dev_t, ino_t>> seen;
    for (const fs::path &folder : folders) {
        const bool own = is_own(folder);
        if (const std::string fault = own ? "" : unsafe_folder(folder); !fault.empty()) {
            refusals.push_back({folder, fault + "; no plugin in it is loaded"});
            continue;
        }
        for (const fs::path &file : candidates(folder, refusals)) {
            struct stat about {};
            if (::stat(file.c_str(), &about) == 0 &&
                !seen.emplace(about.st_dev, about.st_ino).second)
                continue;
            std::error_code error;
            const fs::path path = fs::canonical(file, error);
            std::string fault = error ? error.message() : own ? "" : unsafe_file(path);
            if (fault.empty()) fault = elf_fault(path);
            if (fault.empty())
                files.push_back(path);
            else
                refusals.push_back({file, fault});
        }
    }
    return files;
}

}  // namespace spar::host
