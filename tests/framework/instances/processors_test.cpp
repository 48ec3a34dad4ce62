// How many processors are usable: quotas of control groups, of both versions, and affinity.
#include "instances/processors.hpp"

#include "plugin_loader.hpp"

#include <sched.h>

using namespace spar::test;
using spar::host::quota_of;

namespace {

void put(const Folder &folder, const std::string &name, const std::string &text) {
    std::filesystem::create_directories(std::filesystem::path(folder / name).parent_path());
    folder.write(name, text);
}

}  // namespace

TEST_CASE("a quota of version 2, of the group or of one around it") {
    const Folder folder;
    put(folder, "membership", "0::/batch/job\n");
    put(folder, "groups/cgroup.procs", "");
    CHECK(quota_of(folder / "membership", folder / "groups") == 0);
    put(folder, "groups/batch/job/cpu.max", "max 100000\n");
    CHECK(quota_of(folder / "membership", folder / "groups") == 0);
    put(folder, "groups/batch/cpu.max", "350000 100000\n");
    CHECK(quota_of(folder / "membership", folder / "groups") == 4);
    put(folder, "groups/batch/job/cpu.max", "20000 100000\n");
    CHECK(quota_of(folder / "membership", folder / "groups") == 1);
}

TEST_CASE("a quota of version 1, and of a container that sees its own group as the root") {
    const Folder folder;
    put(folder, "membership", "9:memory:/x\n4:cpu,cpuacct:/docker/abc\n");
    put(folder, "groups/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
    put(folder, "groups/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK(quota_of(folder / "membership", folder / "groups") == 2);
    put(folder, "groups/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    CHECK(quota_of(folder / "membership", folder / "groups") == 0);
    CHECK(quota_of(folder / "missing", folder / "missing") == 0);
}

TEST_CASE("affinity counts") {
    cpu_set_t before, one;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(spar::host::processors() == 1);
    REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}
