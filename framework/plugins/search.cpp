#include "plugins/search.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

/// A variable of the environment, empty where the program runs with more rights than its caller.
std::string_view environment(const char *name) {
    const char *value = ::secure_getenv(name);
    return value != nullptr ? value : "";
}

fs::path user_folder() {
    const fs::path data(environment("XDG_DATA_HOME"));
    if (data.is_absolute()) return data / "spar/plugins";
    const fs::path home(environment("HOME"));
    return home.is_absolute() ? home / ".local/share/spar/plugins" : fs::path();
}

fs::path program_folder() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path() : program.parent_path();
}

}  // namespace

std::vector<fs::path> plugin_folders(const std::vector<fs::path> &given) {
    std::vector<fs::path> folders;
    const auto add = [&](const fs::path &folder) {
        std::error_code error;
        const fs::path absolute = fs::absolute(folder, error);
        if (!folder.empty() && !error) folders.push_back(absolute.lexically_normal());
    };
    for (const fs::path &folder : given) add(folder);
    std::string_view list = environment("SPAR_PLUGIN_PATH");
    while (!list.empty()) {
        const std::size_t colon = std::min(list.find(':'), list.size());
        add(list.substr(0, colon));
        list.remove_prefix(std::min(colon + 1, list.size()));
    }
    add(user_folder());
    const fs::path program = program_folder();
    if (!program.empty())
        for (const char *lib : {"lib", "lib64"}) add(program / ".." / lib / "spar/plugins");
    add(SPAR_INSTALLED_PLUGINS);
    if (!program.empty()) add(program / "../plugins");
    return folders;
}

}  // namespace spar::host
