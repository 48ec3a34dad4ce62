#include "report/reporters.hpp"

#include "instances/services.hpp"
#include "plugins/registry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {

void Reporters::begin(const std::filesystem::path &folder, const std::string &name, bool terminal) {
    folder_ = folder.string();
    name_ = name;
    const spar_run run{.struct_size = sizeof(spar_run),
                       .terminal = terminal ? 1 : 0,
                       .directory = folder_.c_str(),
                       .name = name_.c_str()};
    for (const auto &reporter : reporters_)
        reporter->call("begin", [&](spar_error *error) {
            return reporter->table<spar_reporter_table>().begin(reporter->self(), &run, error);
        });
}

template <class Function>
void Reporters::tell_all(const char *what, Function &&function) {
    for (auto &reporter : reporters_) {
        if (!reporter) continue;
        try {
            reporter->call(what, [&](spar_error *error) {
                return function(reporter->table<spar_reporter_table>(), reporter->self(), error);
            });
        } catch (const Failure &failure) {
            if (!failure_) failure_ = failure;
            const std::string text = std::string(failure.what()) +
                                     "; the run goes on, and this reporter gets no more events";
            host_table()->log(host_table(), SPAR_LOG_WARNING, text.c_str());
            reporter.reset();
        }
    }
}

void Reporters::event(std::int64_t step, const std::string &path, const std::string &name,
                      double value) {
    const spar_event event{.struct_size = sizeof(spar_event),
                           .reserved = 0,
                           .step = step,
                           .path = path.c_str(),
                           .name = name.c_str(),
                           .value = value};
    tell_all("event", [&](const spar_reporter_table &table, void *self, spar_error *error) {
        return table.event != nullptr ? table.event(self, &event, error) : SPAR_OK;
    });
}

void Reporters::finish(const Json &results) {
    const std::string text = results.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    const spar_params values{.node = &results, .pointer = ""};
    tell_all("finish", [&](const spar_reporter_table &table, void *self, spar_error *error) {
        return table.finish(self, &values, text.c_str(), error);
    });
}

std::unique_ptr<Reporters> build_reporters(const Plan &plan, const Registry &registry,
                                           const Builder &builder) {
    std::vector<std::unique_ptr<Instance>> reporters;
    std::vector<std::string> named;
    for (const Node &node : plan.report) {
        reporters.push_back(builder.build(SPAR_KIND_REPORTER, *node.json, node.pointer));
        named.emplace_back(reporters.back()->type());
    }
    for (const ComponentEntry &entry : registry.components()) {
        const std::string type = entry.descriptor->type;
        if (entry.descriptor->kind != SPAR_KIND_REPORTER ||
            (entry.descriptor->flags & SPAR_COMPONENT_DEFAULT) == 0 ||
            std::ranges::find(named, type) != named.end())
            continue;
        reporters.push_back(
            builder.build(SPAR_KIND_REPORTER, Json{{"type", type}}, "/report/" + type));
    }
    return std::make_unique<Reporters>(std::move(reporters));
}

}  // namespace spar::host
