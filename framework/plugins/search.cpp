#include "plugins/search.hpp"

#include "base/words.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

/// An environment variable; empty if the program runs with more rights than its caller.
std::string_view environment(const char *name) {
    const char *value = ::secure_getenv(name);
    return value != nullptr ? value : "";
}

fs::path program_folder() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path() : program.parent_path();
}

/// The non-empty entries of SPAR_PLUGIN_PATH.
std::vector<fs::path> path_entries() {
    std::vector<fs::path> entries;
    std::string_view list = environment("SPAR_PLUGIN_PATH");
    while (!list.empty()) {
        const std::size_t colon = std::min(list.find(':'), list.size());
        if (colon > 0) entries.emplace_back(list.substr(0, colon));
        list.remove_prefix(std::min(colon + 1, list.size()));
    }
    return entries;
}

}  // namespace

fs::path user_folder(const char *variable, const char *below_home) {
    const fs::path own(environment(variable));
    if (own.is_absolute()) return own;
    const fs::path home(environment("HOME"));
    return home.is_absolute() ? home / below_home : fs::path();
}

std::vector<fs::path> own_folders() {
    std::vector<fs::path> folders;
    const fs::path program = program_folder();
    if (!program.empty())
        for (const char *lib : {"lib", "lib64"})
            folders.push_back((program / ".." / lib / "spar/plugins").lexically_normal());
    folders.emplace_back(SPAR_INSTALLED_PLUGINS);
    if (!program.empty()) folders.push_back((program / "../plugins").lexically_normal());
    return folders;
}

std::vector<fs::path> plugin_folders(const std::vector<fs::path> &given) {
    std::vector<fs::path> folders;
    const auto add = [&](const fs::path &folder) {
        std::error_code error;
        const fs::path absolute = fs::absolute(folder, error);
        if (!folder.empty() && !error) folders.push_back(absolute.lexically_normal());
    };
    for (const fs::path &folder : given) add(folder);
    for (const fs::path &folder : path_entries())
        if (folder.is_absolute()) add(folder);
    if (const fs::path data = user_folder("XDG_DATA_HOME", ".local/share"); !data.empty())
        add(data / "spar/plugins");
    for (const fs::path &folder : own_folders()) add(folder);
    return folders;
}

std::vector<std::string> search_faults() {
    std::vector<std::string> faults;
    for (const fs::path &folder : path_entries()) {
        std::error_code error;
        const std::string entry = "SPAR_PLUGIN_PATH names " + quote(folder.string(), 1000);
        if (!folder.is_absolute())
            faults.push_back(
                entry +
                ", which is relative, so that its meaning depends on the current folder: "
                "it is left out; give it whole, or use --plugin-dir");
        else if (!fs::is_directory(folder, error))
            faults.push_back(entry + ", which is no folder");
    }
    return faults;
}

}  // namespace spar::host
