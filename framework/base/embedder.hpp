// What the host needs from the program that holds it (the command line, a test, an interpreter).
// The host itself prints nothing, ends nothing, forks nothing and handles no signals.
#pragma once

#include <spar/abi.h>

#include <cstddef>
#include <string>

namespace spar::host {

struct Call;

/// The defaults do nothing. Every function may be called from any thread.
class Embedder {
  public:
    Embedder() = default;
    Embedder(const Embedder &) = delete;
    Embedder &operator=(const Embedder &) = delete;
    virtual ~Embedder() = default;

    /// A message for people.
    virtual void tell(spar_severity, const std::string &) {}
    /// How long a progress line may be, in characters; 0: none is wanted now.
    virtual std::size_t progress_room() { return 0; }
    /// Shows the line in place of the previous one; empty: removes that.
    virtual void show_progress(const std::string &) {}

    /// Whether the run was asked to stop: running work ends with SPAR_E_CANCELLED at its next
    /// query. A plugin that returns this status unasked is at fault.
    virtual bool stop_requested() const { return false; }
    /// A run begins (true) or ends (false) that saves its state when it is asked to stop.
    virtual void run_can_stop(bool) {}
    /// The run has saved something to resume from.
    virtual void run_can_resume() {}

    /// The innermost call into a plugin in progress in this thread; null: none.
    virtual void calls(const Call *) {}
    /// A call into a plugin has returned.
    virtual void returned() {}
    /// A thread that will call plugins has started.
    virtual void thread_begun() {}
    /// A plugin that is not Spar's own has been loaded.
    virtual void loaded_foreign(const std::string &) {}
};

/// The current embedder.
Embedder &embedder();

/// Sets the embedder, which must outlive all use of the host; null: none. [main]
void embed_in(Embedder *holder);

}  // namespace spar::host
