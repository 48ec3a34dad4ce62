// Trying plugins in a child process first, see plugins/probe.hpp.
#pragma once

#include "plugins/probe.hpp"

#include <chrono>

namespace spar::host {

/// The result for every file. The child is a fork of this process, so nothing else may be running
/// in it [main]. `meanwhile` is called once, while the first child is at work.
std::vector<Probed> probe_patiently(const std::vector<std::filesystem::path> &files,
                                    const spar_host *host, const std::function<void()> &meanwhile,
                                    std::chrono::milliseconds patience);

/// The same with ten seconds per file.
std::vector<Probed> probe(const std::vector<std::filesystem::path> &files, const spar_host *host,
                          const std::function<void()> &meanwhile);

}  // namespace spar::host
