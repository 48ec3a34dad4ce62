// Reporting a process that did not end of its own accord, and ending its supervisor.
#pragma once

#include "app/guard.hpp"

namespace spar::host {

/// Reports what ended the worker (`status` from waitpid, no orderly end noted in `page`), and ends:
/// with Exit::plugin, Exit::resources or Exit::unexpected, or by the signal that the worker was
/// sent.
[[noreturn]] void end_as(int status, const Watched &page, bool memory_was_short);

/// Ends if the system cannot start a process, with errno's reason.
[[noreturn]] void refuse_to_start();

/// How many processes the system has killed for lack of memory since boot.
unsigned long killed_for_memory();

}  // namespace spar::host
