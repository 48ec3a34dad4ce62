// The table of services that every plugin gets: parameters, threads, the log.
#pragma once

#include "pipeline/console.hpp"

#include <spar/abi.h>

#include <memory>
#include <string>

namespace spar::host {

/// The table, valid until the process ends.
const spar_host *host_table();

/// The table for the component that stands at `place` ("#/train/method"): its warnings carry both.
/// Valid until the process ends.
const spar_host *host_table_of(const std::string &component, const std::string &place);

/// Standard error, for what is said while work goes on.
Console &standard_error();

/// How many threads parallel_for uses; 1 until set. Not while work is running. Throws
/// Failure(Exit::resources) where the system does not start so many.
void set_threads(int count);
int threads();

/// One line on standard error, unless `quiet` is set.
void print_warning(const std::string &text);

/// Warnings and errors of plugins go to standard error; with `quiet`, only errors.
void set_quiet(bool quiet);

/// What plugins tell for information goes to standard error too.
void set_verbose(bool verbose);

}  // namespace spar::host
