// Two processes for a command: one works, the other waits for it, and reports what ended it if it
// cannot do so itself. docs/decisions/0014-two-processes.md says why.
#pragma once

namespace spar::host {

/// Returns in the worker. The process that was started stays behind: it passes signals on, stops
/// and continues with the worker, and ends as the worker did, or with a message and Exit::plugin if
/// a plugin ended it. Neither outlives the other. With SPAR_ONE_PROCESS set (for debuggers), and
/// under a sanitizer, it returns in the only process. [main, before any thread]
void supervise();

}  // namespace spar::host
