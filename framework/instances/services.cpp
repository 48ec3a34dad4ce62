#include "instances/services.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include "base/embedder.hpp"
#include "base/warnings.hpp"
#include "instances/guarded.hpp"
#include "instances/params.hpp"
#include "instances/threads.hpp"

namespace spar::host {
namespace {

std::unique_ptr<Threads> pool;

/// A table with its owner.
struct OwnedTable {
    spar_host table;
    std::string component, place;
};

std::mutex tables_mutex;

/// Tables by address. They live until the process ends, as the contract says; a node built again in
/// the same process gets the same table.
std::map<const spar_host *, OwnedTable *> &owned_tables() {
    static auto *all = new std::map<const spar_host *, OwnedTable *>;  // never destroyed either
    return *all;
}

/// Component and place of a table's owner; empty for the host itself.
std::pair<std::string, std::string> speaker(const spar_host *host) {
    const std::lock_guard lock(tables_mutex);
    const auto found = owned_tables().find(host);
    if (found == owned_tables().end()) return {};
    return {found->second->component, found->second->place};
}

/// A logged warning is treated like any other, and printed once.
void log(const spar_host *host, spar_severity severity, const char *text) {
    const auto [component, place] = speaker(host);
    const std::string said = text != nullptr ? text : "";
    if (severity == SPAR_LOG_WARNING)
        warnings().add(
            {.component = component, .code = "log", .place = place, .message = said, .count = 1});
    else
        embedder().tell(severity,
                        component.empty() ? said : place + ": " + component + ": " + said);
}

void warn(const spar_host *host, const spar_warning *warning) {
    const auto [component, place] = speaker(host);
    const spar_warning known = read_struct(warning);
    const auto text = [](const char *value) { return std::string(value != nullptr ? value : ""); };
    Warning kept{.component = component,
                 .code = text(known.code),
                 .place = place + text(known.pointer),
                 .message = text(known.message),
                 .remedy = text(known.remedy),
                 .count = known.count};
    if (known.examples != nullptr)
        kept.examples.assign(known.examples,
                             known.examples + std::clamp<std::int64_t>(known.example_count, 0, 8));
    warnings().add(std::move(kept));
}

spar_status parallel_for(const spar_host *, std::int64_t count, spar_task task, void *context,
                         spar_error *error) {
    if (!pool) {
        for (std::int64_t i = 0; i < count; ++i)
            if (const spar_status status =
                    guarded_piece(error, [&](spar_error *e) { return task(context, i, e); });
                status != SPAR_OK)
                return status;
        return SPAR_OK;
    }
    return pool->run(count, task, context, error);
}

spar_host make_table() {
    spar_host table{};
    table.struct_size = sizeof table;
    table.abi_minor = SPAR_ABI_MINOR;
    table.version = SPAR_VERSION;
    table.log = log;
    table.warn = warn;
    table.parallel_for = parallel_for;
    install_param_getters(table);
    return table;
}

}  // namespace

const spar_host *host_table() {
    static const spar_host table = make_table();
    return &table;
}

const spar_host *host_table_of(const std::string &component, const std::string &place) {
    const std::lock_guard lock(tables_mutex);
    for (const auto &[table, owned] : owned_tables())
        if (owned->component == component && owned->place == place) return table;
    auto *owned = new OwnedTable{make_table(), component, place};
    return owned_tables().emplace(&owned->table, owned).first->first;
}

void set_threads(int count) {
    pool.reset();
    if (count > 1) pool = std::make_unique<Threads>(count);
}

int threads() {
    return pool ? pool->count() : 1;
}

}  // namespace spar::host
