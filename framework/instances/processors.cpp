#include "instances/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace spar::host {
namespace fs = std::filesystem;
namespace {

/// Processors that one group allows; none if it sets no limit.
std::optional<double> quota_in(const fs::path &group) {
    double quota = 0, period = 0;
    if (std::ifstream file(group / "cpu.max"); file >> quota >> period && period > 0)
        return quota / period;
    if (std::ifstream(group / "cpu.cfs_quota_us") >> quota && quota > 0 &&
        std::ifstream(group / "cpu.cfs_period_us") >> period && period > 0)
        return quota / period;
    return std::nullopt;
}

/// The smallest quota of a group and its ancestors, down from `mount`.
std::optional<double> least_quota(const fs::path &mount, const fs::path &group) {
    std::optional<double> least;
    fs::path here = mount;
    const auto look = [&] {
        if (const auto quota = quota_in(here)) least = std::min(*quota, least.value_or(*quota));
    };
    look();
    for (const fs::path &part : group.relative_path()) {
        here /= part;
        look();
    }
    return least;
}

int allowed_by_affinity() {
    for (std::size_t most = CPU_SETSIZE; most <= 1U << 20; most *= 4) {
        cpu_set_t *set = CPU_ALLOC(most);
        if (set == nullptr) break;
        const std::size_t size = CPU_ALLOC_SIZE(most);
        const int count = ::sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
    return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int quota_of(const fs::path &membership, const fs::path &root) {
    std::optional<double> least;
    std::ifstream file(membership);
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');  // "4:cpu,cpuacct:/group", "0::/group"
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (!controllers.empty() && ("," + controllers + ",").find(",cpu,") == std::string::npos)
            continue;
        // In a container the group's own folder is the mount itself.
        for (const fs::path &mount : {controllers.empty() ? root : root / controllers,
                                      controllers.empty() ? root / "unified" : root / "cpu"})
            if (const auto quota = least_quota(mount, group))
                least = std::min(*quota, least.value_or(*quota));
    }
    return least ? std::max(1, static_cast<int>(std::ceil(std::min(*least, 1e6)))) : 0;
}

int processors() {
    const int quota = quota_of("/proc/self/cgroup", "/sys/fs/cgroup");
    const int allowed = std::max(1, allowed_by_affinity());
    return quota > 0 ? std::min(quota, allowed) : allowed;
}

}  // namespace spar::host
