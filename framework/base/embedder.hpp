// The program that holds the host (the command line, a test, an interpreter), as far as the host
// needs it. The host itself prints nothing, ends nothing, forks nothing and handles no signals.
#pragma once

#include <spar/abi.h>

#include <cstddef>
#include <string>

namespace spar::host {

struct Call;

/// What does nothing where it is not overridden. Every function may be called from any thread.
class Embedder {
  public:
    Embedder() = default;
    Embedder(const Embedder &) = delete;
    Embedder &operator=(const Embedder &) = delete;
    virtual ~Embedder() = default;

    /// A message for people.
    virtual void tell(spar_severity, const std::string &) {}
    /// How many characters a line of progress may have; 0: none is wanted now.
    virtual std::size_t progress_room() { return 0; }
    /// Shows the line in the place of the one before; empty: takes that away.
    virtual void show_progress(const std::string &) {}

    /// Whether somebody asked the run to stop: running work ends with SPAR_E_CANCELLED as soon as
    /// it asks. A plugin that answers so without having been asked is not believed.
    virtual bool stop_requested() const { return false; }
    /// A run begins (true) or ends (false) that saves where it stands when it is asked to stop.
    virtual void run_can_stop(bool) {}
    /// The run has saved something to go on from.
    virtual void run_can_resume() {}

    /// The innermost call into a plugin that is under way in this thread; null: none.
    virtual void calls(const Call *) {}
    /// A call into a plugin has returned.
    virtual void returned() {}
    /// A thread has begun that will call plugins.
    virtual void thread_begun() {}
    /// A plugin that is not Spar's own has been loaded.
    virtual void loaded_foreign(const std::string &) {}
};

/// Whoever holds the host.
Embedder &embedder();

/// From now on `holder`, which must outlive all that the host does; null: nobody. [main]
void embed_in(Embedder *holder);

}  // namespace spar::host
