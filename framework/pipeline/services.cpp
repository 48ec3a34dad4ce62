#include "pipeline/services.hpp"

#include "config/secrets.hpp"
#include "config/words.hpp"
#include "pipeline/params.hpp"
#include "pipeline/threads.hpp"
#include "pipeline/warnings.hpp"

#include <spar/error.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

namespace spar::host {
namespace {

std::unique_ptr<Threads> pool;
std::atomic<bool> quiet{false}, verbose{false};

void log(const spar_host *, spar_severity severity, const char *text) {
    const spar_severity least = quiet ? SPAR_LOG_ERROR : verbose ? SPAR_LOG_INFO : SPAR_LOG_WARNING;
    if (severity < least) return;
    const char *label = severity == SPAR_LOG_ERROR  ? "error"
                        : severity == SPAR_LOG_INFO ? "info"
                                                    : "warning";
    // A bar may stand in the terminal's last line.
    static const std::string fresh_line = ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
    standard_error().say(fresh_line + label + ": " +
                         printable(without_secrets(text != nullptr ? text : "")) + "\n");
}

void warn(const spar_host *, const spar_warning *warning) {
    const spar_warning known = read_struct(warning);
    const auto text = [](const char *value) { return std::string(value != nullptr ? value : ""); };
    Warning kept{"",
                 text(known.code),
                 text(known.pointer),
                 text(known.message),
                 text(known.remedy),
                 known.count,
                 {}};
    if (known.examples != nullptr)
        kept.examples.assign(known.examples,
                             known.examples + std::clamp<std::int64_t>(known.example_count, 0, 8));
    warnings().add(std::move(kept));
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

void set_threads(int count) {
    pool.reset();
    if (count > 1) pool = std::make_unique<Threads>(count);
}

Console &standard_error() {
    static Console console(STDERR_FILENO);
    return console;
}

int threads() {
    return pool ? pool->count() : 1;
}

void print_warning(const std::string &text) {
    log(nullptr, SPAR_LOG_WARNING, text.c_str());
}

void set_quiet(bool value) {
    quiet = value;
}

void set_verbose(bool value) {
    verbose = value;
}

}  // namespace spar::host
