// What is said of a process that did not end of its own accord, and how its supervisor ends.
#pragma once

#include "app/guard.hpp"

namespace spar::host {

/// Says what ended the worker, whose waitpid gave `status` and who has not said goodbye in `page`,
/// and ends: with Exit::plugin, Exit::resources or Exit::unexpected, or by the signal that somebody
/// sent it.
[[noreturn]] void end_as(int status, const Watched &page, bool memory_was_short);

/// The end where the system starts no process, for errno's reason.
[[noreturn]] void refuse_to_start();

/// How many processes the system has killed for want of memory since it was started.
unsigned long killed_for_memory();

}  // namespace spar::host
