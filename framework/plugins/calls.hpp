// Which plugin's function runs in a thread, so that the embedder (base/embedder.hpp) can name a
// plugin that crashes or ends the process.
#pragma once

namespace spar::host {

/// A call that the host makes into a plugin. The texts must outlive it.
struct Call {
    const char *what;   /// "perturb"
    const char *whom;   /// attack "pgd" of the plugin pgd.so
    const char *place;  /// "#/evaluate/attacks/0"; empty: none
};

/// The innermost call in progress in this thread; null: none.
const Call *current_call();

/// Marks a call while this object lives. In a worker thread: the call that the work belongs to.
class Calling {
  public:
    explicit Calling(const Call *call);
    ~Calling();
    Calling(const Calling &) = delete;
    Calling &operator=(const Calling &) = delete;

  private:
    const Call *outer_;
};

}  // namespace spar::host
