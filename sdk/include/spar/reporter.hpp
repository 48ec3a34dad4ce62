// Write a reporter: it hears every event of a run and, at the end, the results.
#pragma once

#include <spar/component.hpp>

namespace SPAR_HIDDEN spar {

/// The results as values, by JSON pointer, and as the text of results.json.
struct Results {
    Reader values;
    std::string_view json;
};

/// Base of a reporter. The host calls begin() when the run's folder exists, event() for every
/// figure during the run, and finish() with the results; all from one thread. A reporter that
/// throws after begin() is dropped, with a warning.
class Reporter : public Component {
  public:
    using Kind = Reporter;
    static constexpr spar_kind kind = SPAR_KIND_REPORTER;

    virtual void begin(const spar_run &run) = 0;
    virtual void event(const spar_event &) {}
    virtual void finish(const Results &results) = 0;

    static const spar_reporter_table *table() {
        static const spar_reporter_table functions{
            .struct_size = sizeof(spar_reporter_table),
            .reserved = 0,
            .begin =
                [](void *self, const spar_run *run, spar_error *error) {
                    return guarded(error, [&] { static_cast<Reporter *>(self)->begin(*run); });
                },
            .event =
                [](void *self, const spar_event *event, spar_error *error) {
                    return guarded(error, [&] { static_cast<Reporter *>(self)->event(*event); });
                },
            .finish =
                [](void *self, const spar_params *results, const char *json, spar_error *error) {
                    return guarded(error, [&] {
                        auto *reporter = static_cast<Reporter *>(self);
                        reporter->finish({Reader{&reporter->host(), results, ""}, json});
                    });
                }};
        return &functions;
    }
};

}  // namespace spar
