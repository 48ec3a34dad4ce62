#include "../common/example.hpp"
#include "../common/file.hpp"

#include <spar/json.hpp>
#include <spar/reporter.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

namespace {

constexpr std::string_view line_start = "{\"step\":";

std::string line_of(const spar_event &event) {
    return spar::JsonObject()
               .integer("step", event.step)
               .text("path", event.path)
               .text("name", event.name)
               .number("value", event.value)
               .str() +
           "\n";
}

/// The step of a line; none if it is not a complete line of ours.
std::optional<std::int64_t> step_of(const std::string &line) {
    if (!line.ends_with('\n') || line.compare(0, line_start.size(), line_start) != 0) return {};
    return std::strtoll(line.c_str() + line_start.size(), nullptr, 10);
}

/// How much of an earlier run's events to keep when it is resumed at `step`: later steps, an epoch
/// begun there, any evaluation and an incomplete line are dropped. Nothing is kept if the run
/// starts anew.
std::size_t still_true(const std::string &text, std::int64_t step) {
    std::size_t begin = 0;
    while (step > 0 && begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        const std::string line = text.substr(begin, end - begin);
        const auto at = step_of(line);
        const bool epoch = line.find(R"("path":"train","name":"epoch",)") != std::string::npos;
        if (!at || *at < 0 || *at > step || (*at == step && epoch)) break;
        begin = end;
    }
    return begin;
}

/// The line without its step.
std::string_view what_is_said(std::string_view line) {
    return line.substr(std::min(line.find(','), line.size()));
}

class JsonReporter : public spar::Reporter {
  public:
    static constexpr spar::About about{
        .type = "json",
        .summary = "Writes events.jsonl: every event as it happens, one line each.",
        .example = REPORTER_EXAMPLE("json"),
        .default_reporter = true,
    };

    void begin(const spar_run &run) override {
        events_.emplace(std::string(run.directory) + "/events.jsonl",
                        O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW);
        first_ = true;
    }

    void event(const spar_event &event) override {
        const std::string line = line_of(event);
        if (std::exchange(first_, false) && goes_on(line, event.step)) return;
        events_->write(line);
    }

    void finish(const spar::Results &) override { events_->sync(); }

  private:
    /// Truncates the events that the run will repeat; returns whether its first event is there
    /// already.
    bool goes_on(const std::string &line, std::int64_t step) {
        std::string kept = events_->read();
        kept.resize(still_true(kept, step));
        events_->cut(kept.size());
        return kept.find(what_is_said(line)) != std::string::npos;
    }

    std::optional<reporters::File> events_;
    bool first_ = false;
};

}  // namespace

SPAR_PLUGIN("json", "1.0.0", JsonReporter)
