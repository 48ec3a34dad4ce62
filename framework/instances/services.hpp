// The table of services that every plugin gets: parameters, threads, warnings.
#pragma once

#include <spar/abi.h>

#include <memory>
#include <string>

namespace spar::host {

/// The table, valid until the process ends.
const spar_host *host_table();

/// The table for the component at `place` ("#/train/method"); its warnings carry both. Valid until
/// the process ends.
const spar_host *host_table_of(const std::string &component, const std::string &place);

/// How many threads parallel_for uses; 1 until set. Must not be called while work is running.
/// Throws Failure(Exit::resources) if the system does not start that many.
void set_threads(int count);
int threads();

}  // namespace spar::host
