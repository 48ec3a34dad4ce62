#include "report/reporters.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {

void Reporters::begin(const std::filesystem::path &folder, const std::string &name, bool terminal) {
    folder_ = folder.string();
    name_ = name;
    const spar_run run{sizeof(spar_run), terminal ? 1 : 0, folder_.c_str(), name_.c_str()};
    for (const auto &reporter : reporters_)
        reporter->call("begin", [&](spar_error *error) {
            return reporter->table<spar_reporter_table>().begin(reporter->self(), &run, error);
        });
}

void Reporters::event(std::int64_t step, const std::string &path, const std::string &name,
                      double value) {
    const spar_event event{sizeof(spar_event), 0, step, path.c_str(), name.c_str(), value};
    for (const auto &reporter : reporters_) {
        const auto &table = reporter->table<spar_reporter_table>();
        if (table.event == nullptr) continue;
        reporter->call("event", [&](spar_error *error) {
            return table.event(reporter->self(), &event, error);
        });
    }
}

void Reporters::finish(const Json &results) {
    const std::string text = results.dump(2) + "\n";
    const spar_params values{.node = &results, .pointer = ""};
    for (const auto &reporter : reporters_)
        reporter->call("finish", [&](spar_error *error) {
            return reporter->table<spar_reporter_table>().finish(reporter->self(), &values,
                                                                 text.c_str(), error);
        });
}

}  // namespace spar::host
