#include "../common/example.hpp"
#include "../common/paper.hpp"
#include "epochs.hpp"
#include "evaluation.hpp"

#include <spar/reporter.hpp>

#include <sys/ioctl.h>

#include <optional>

namespace {

/// Characters of a line: the terminal's, or 80.
std::size_t width() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

class Table : public spar::Reporter {
  public:
    static constexpr spar::About about{
        .type = "table",
        .summary =
            "Tells people one line an epoch and one row an attack, each as it is done: "
            "accuracies, their intervals, the median distance of the successes, queries "
            "and time.",
        .example = REPORTER_EXAMPLE("table"),
        .default_reporter = true,
    };

    void begin(const spar_run &run) override {
        terminal_ = run.terminal != 0;
        paper_.emplace();
        directory_ = run.directory;
    }

    void event(const spar_event &event) override {
        if (!terminal_) return;
        const std::string_view path = event.path;
        const std::string name = event.name;
        const std::size_t room = width();
        if (path == "evaluate" || path.starts_with("evaluate/"))
            paper_->say(evaluation_.event(path, name, event.value, room));
        else if (path != "train")
            return;
        else if (name == "epochs")
            epochs_.total(event.value);
        else if (name == "kept_epoch")
            paper_->say("  the weights of epoch " + table::fixed(event.value + 1, 0) +
                        " are kept\n");
        else if (name == "epoch_end")
            paper_->say(epochs_.line(event.value, room));
        else
            epochs_.put(name, event.value);
    }

    void finish(const spar::Results &results) override {
        if (!terminal_) return;
        const spar::Reader evaluation = results.values.at("evaluation");
        if (evaluation.kind() == SPAR_VALUE_OBJECT)
            paper_->say(evaluation_.finish(evaluation, width()) + "\n");
        paper_->say("  results: " + table::harmless(directory_) + "/results.json\n");
        paper_->finish();
    }

  private:
    bool terminal_ = false;
    std::optional<reporters::Paper> paper_;
    std::string directory_;
    table::Epochs epochs_;
    table::Evaluation evaluation_;
};

}  // namespace

SPAR_PLUGIN("table", "1.1.0", Table)
