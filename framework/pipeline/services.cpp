#include "pipeline/services.hpp"

#include "pipeline/params.hpp"
#include "pipeline/threads.hpp"

#include <atomic>
#include <cstdio>

namespace spar::host {
namespace {

std::unique_ptr<Threads> pool;
std::atomic<bool> quiet{false};

void log(const spar_host *, spar_severity severity, const char *text) {
    if (severity < (quiet ? SPAR_LOG_ERROR : SPAR_LOG_WARNING)) return;
    const char *label = severity == SPAR_LOG_ERROR ? "error" : "warning";
    std::fprintf(stderr, "%s: %s\n", label, text != nullptr ? text : "");
}

spar_status parallel_for(const spar_host *, std::int64_t count, spar_task task, void *context,
                         spar_error *error) {
    if (!pool) {
        for (std::int64_t i = 0; i < count; ++i)
            if (const spar_status status = task(context, i, error); status != SPAR_OK)
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
    table.parallel_for = parallel_for;
    install_param_getters(table);
    return table;
}

}  // namespace

const spar_host *host_table() {
    static const spar_host table = make_table();
    return &table;
}

void set_threads(int count) {
    pool.reset();
    if (count > 1) pool = std::make_unique<Threads>(count);
}

int threads() {
    return pool ? pool->count() : 1;
}

void set_quiet(bool value) {
    quiet = value;
}

}  // namespace spar::host
