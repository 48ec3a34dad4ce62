// The command line as the host's embedder: messages and progress on standard error, signals that
// stop a run, and the supervising process.
#pragma once

#include "app/console.hpp"
#include "app/signals.hpp"
#include "base/embedder.hpp"

#include <atomic>
#include <optional>

namespace spar::host {

class Terminal final : public Embedder {
  public:
    /// A message, wrapped if standard error is a terminal and on one line otherwise; without
    /// secrets, and with control characters made visible.
    void tell(spar_severity severity, const std::string &text) override;
    /// None if standard error is not a terminal, quiet was asked for, or the terminal is held up:
    /// it gets no more lines to catch up with.
    std::size_t progress_room() override;
    void show_progress(const std::string &line) override;
    bool stop_requested() const override { return spar::host::stop_requested; }
    void run_can_stop(bool can) override;
    void run_can_resume() override;
    void calls(const Call *call) override;
    void returned() override;
    void thread_begun() override;
    void loaded_foreign(const std::string &name) override;

    /// Print only errors.
    void set_quiet(bool quiet) { quiet_ = quiet; }
    /// Also print messages below warnings.
    void set_verbose(bool verbose) { verbose_ = verbose; }
    /// Show no progress from now on.
    void hide_progress() { progress_hidden_ = true; }

    Console &standard_error() { return console_; }

  private:
    Console console_{STDERR_FILENO};
    const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::atomic<bool> quiet_{false}, verbose_{false}, progress_hidden_{false};
    std::optional<StopOnSignal> stop_on_signal_;

    std::size_t width(std::size_t unknown) const;
};

/// The instance of this process; it holds the host from the first call on.
Terminal &terminal();

}  // namespace spar::host
