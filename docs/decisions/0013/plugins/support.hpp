// What these plugins share: errors as exceptions inside, as statuses at the boundary.
#pragma once

#include <spar/abi.h>

#include <cstdio>
#include <exception>
#include <string>

struct Refused {
    spar_error error;
};

inline spar_status refuse(spar_error *error, spar_status code, const char *message,
                          const char *pointer = "") {
    error->code = code;
    std::snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
    std::snprintf(error->message, sizeof error->message, "%s", message);
    return code;
}

[[noreturn]] inline void stop(spar_status code, const char *message) {
    spar_error error{};
    refuse(&error, code, message);
    throw Refused{error};
}

/// Throws what a call of the contract answers unless that is SPAR_OK.
template <class Call>
void checked(Call &&call) {
    spar_error error{};
    error.struct_size = sizeof error;
    if (const spar_status status = call(&error); status != SPAR_OK) {
        error.code = status;
        throw Refused{error};
    }
}

template <class Work>
spar_status guarded(spar_error *error, Work &&work) {
    try {
        work();
        return SPAR_OK;
    } catch (const Refused &refused) {
        return refuse(error, refused.error.code, refused.error.message, refused.error.pointer);
    } catch (const std::bad_alloc &) {
        return refuse(error, SPAR_E_MEMORY, "out of memory");
    } catch (const std::exception &e) {
        return refuse(error, SPAR_E_INTERNAL, e.what());
    }
}

inline std::int64_t integer(const spar_host *host, const spar_params *params, const char *pointer) {
    std::int64_t value = 0;
    checked([&](spar_error *e) { return host->get_integer(params, pointer, &value, e); });
    return value;
}

inline double number(const spar_host *host, const spar_params *params, const char *pointer) {
    double value = 0;
    checked([&](spar_error *e) { return host->get_number(params, pointer, &value, e); });
    return value;
}

/// Everything of a component but its create, save and load.
template <class Instance>
spar_component described(spar_kind kind, const char *type, const char *summary,
                         const char *reference, const char *schema, const void *table) {
    spar_component c{};
    c.struct_size = sizeof c;
    c.kind = kind;
    c.type = type;
    c.summary = summary;
    c.reference = reference;
    c.schema = schema;
    c.formula = c.example = "";
    c.table = table;
    c.destroy = [](void *self) { delete static_cast<Instance *>(self); };
    return c;
}

#define PLUGIN_ENTRY extern "C" __attribute__((visibility("default"))) spar_status
