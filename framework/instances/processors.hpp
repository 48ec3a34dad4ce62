// How many processors this process may use, which in a container or under a batch system is fewer
// than the machine has.
#pragma once

#include <filesystem>

namespace spar::host {

/// The minimum of what affinity and control group quotas allow; a quota of a fraction of a
/// processor counts as one. At least 1.
int processors();

/// Processors that the control groups of version 2 (cpu.max) and version 1 (cpu.cfs_quota_us)
/// allow, from the process's own group up to the root; 0: no quota. `membership`:
/// /proc/self/cgroup, `root`: where control groups are mounted.
int quota_of(const std::filesystem::path &membership, const std::filesystem::path &root);

}  // namespace spar::host
