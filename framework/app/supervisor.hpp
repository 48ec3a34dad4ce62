// Two processes for a command: one works, the other waits for it, and says what ended it where it
// cannot say so itself. docs/decisions/0014-two-processes.md says why.
#pragma once

namespace spar::host {

/// Comes back in the process that works. The one that was started stays behind: it passes signals
/// on, stops and goes on with the other, and ends as that one did; where a plugin has ended it,
/// with words and Exit::plugin. Neither outlives the other. Comes back in the only process where
/// SPAR_ONE_PROCESS is set, for debuggers, and under a sanitizer. [main, before any thread]
void supervise();

}  // namespace spar::host
