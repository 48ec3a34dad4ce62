// A reporter of the built plugins, told of a run as the host tells it.
#pragma once

#include "plugin_loader.hpp"

#include <string>

namespace spar::test {

class Told {
  public:
    Told(const std::string &type, std::string directory, bool terminal = false)
        : made_(SPAR_KIND_REPORTER, R"({"type":")" + type + "\"}"),
          directory_(std::move(directory)) {
        const spar_run run{sizeof(spar_run), terminal ? 1 : 0, directory_.c_str(), "name"};
        call("begin", [&](const auto &table, spar_error *error) {
            return table.begin(self(), &run, error);
        });
    }

    void event(std::int64_t step, const std::string &path, const std::string &name, double value) {
        const spar_event event{sizeof(spar_event), 0, step, path.c_str(), name.c_str(), value};
        call("event", [&](const auto &table, spar_error *error) {
            return table.event(self(), &event, error);
        });
    }

    void finish(const nlohmann::ordered_json &results) {
        const std::string text = results.dump(2);
        const spar_params values{.node = &results, .pointer = ""};
        call("finish", [&](const auto &table, spar_error *error) {
            return table.finish(self(), &values, text.c_str(), error);
        });
    }

  private:
    void *self() const { return made_.instance().self(); }
    template <class Function>
    void call(const char *what, Function &&function) {
        const auto &table = made_.instance().table<spar_reporter_table>();
        made_.instance().call(what, [&](spar_error *error) { return function(table, error); });
    }

    Made made_;
    std::string directory_;
};

}  // namespace spar::test
