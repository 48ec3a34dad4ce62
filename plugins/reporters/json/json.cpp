#include "../common/example.hpp"
#include "../common/file.hpp"

#include <spar/json.hpp>
#include <spar/reporter.hpp>

#include <cstdlib>
#include <optional>

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

/// How much of the events of an earlier, stopped run stands before the work that is done again when
/// it goes on at `step`: a half-written line, later steps and any evaluation fall away.
std::size_t still_true(const std::string &text, std::int64_t step) {
    std::size_t begin = 0;
    for (;;) {
        const std::size_t end = text.find('\n', begin);
        if (end == std::string::npos || text.compare(begin, line_start.size(), line_start) != 0)
            return begin;
        const std::int64_t at = std::strtoll(text.c_str() + begin + line_start.size(), nullptr, 10);
        if (at < 0 || (step >= 0 && at > step)) return begin;
        begin = end + 1;
    }
}

class JsonReporter : public spar::Reporter {
  public:
    static constexpr spar::About about{
        .type = "json",
        .summary =
            "Writes results.json at the end, and events.jsonl as they happen, one line an event.",
        .example = REPORTER_EXAMPLE("json"),
        .default_reporter = true,
    };

    void begin(const spar_run &run) override {
        results_ = std::string(run.directory) + "/results.json";
        events_.emplace(std::string(run.directory) + "/events.jsonl", O_RDWR | O_CREAT | O_APPEND);
        resumed_ = true;
    }

    void event(const spar_event &event) override {
        if (resumed_) {
            events_->cut(still_true(events_->read(), event.step));
            resumed_ = false;
        }
        events_->write(line_of(event));
    }

    void finish(const spar::Results &results) override {
        events_->sync();
        std::string text(results.json);
        if (!text.ends_with('\n')) text += '\n';
        reporters::write_whole(results_, text);
    }

  private:
    std::string results_;
    std::optional<reporters::File> events_;
    bool resumed_ = false;  // the file may hold events of a run that this one goes on with
};

}  // namespace

SPAR_PLUGIN("json", "1.0.0", JsonReporter)
