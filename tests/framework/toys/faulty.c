/* A plugin in C that answers well but for one thing: FAULT says which. Number 0 is well made. */
#include <fenv.h>
#include <signal.h>
#include <spar/abi.h>
#include <stdlib.h>
#include <unistd.h>

static spar_status evaluate(void *self, const spar_loss_rows *rows, spar_error *error) {
    (void)self, (void)rows, (void)error;
    return SPAR_OK;
}

static spar_status create(const spar_component *component, const spar_host *host,
                          const spar_params *params, void **self, spar_error *error) {
    (void)component, (void)host, (void)params, (void)error;
    *self = 0;
    return SPAR_OK;
}

static void destroy(void *self) {
    (void)self;
}

#define SCHEMA_OF(rest) \
    "{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"faulty\"}" rest "}"

static spar_loss_table table = {sizeof(spar_loss_table), 0, evaluate, 0};
static spar_component component = {sizeof(spar_component),
                                   SPAR_KIND_LOSS,
                                   0,
                                   0,
                                   "faulty",
                                   "One thing is wrong.",
                                   "",
                                   "",
                                   SCHEMA_OF("}"),
                                   "",
                                   &table,
                                   create,
                                   destroy,
                                   0,
                                   0};
static const spar_component *components[] = {&component, &component};
static spar_plugin plugin = {sizeof(spar_plugin), 0, 0, 1, "", "faulty", "1.0", components};

__attribute__((constructor)) static void loaded(void) {
    if (FAULT == 1) raise(SIGSEGV);
    if (FAULT == 2) exit(0);
    if (FAULT == 3) abort();
    if (FAULT == 4) fesetround(FE_UPWARD);
}

__attribute__((visibility("default"))) spar_status spar_plugin_entry_v1(const spar_host *host,
                                                                        const spar_plugin **out,
                                                                        spar_error *error) {
    (void)host;
    *out = &plugin;
    switch (FAULT) {
        case 5:
            *out = 0;
            break;
        case 6:
            plugin.struct_size = 8;
            break;
        case 7:
            plugin.abi_minor_required = 7;
            plugin.required_feature = "telepathy";
            break;
        case 8:
            plugin.components = 0;
            break;
        case 9:
            components[0] = 0;
            break;
        case 10:
            component.type = "Bad Name";
            break;
        case 11:
            component.kind = 99;
            break;
        case 12:
            component.schema = "{\"type\":";
            break;
        case 13:
            component.schema = SCHEMA_OF(",\"a\":{\"type\":\"numbre\"}}");
            break;
        case 14:
            component.schema = SCHEMA_OF(",\"a\":{\"$ref\":\"#/definitions/a\"}}");
            break;
        case 15:
            component.schema = SCHEMA_OF(
                ",\"a\":{\"$ref\":\"#/definitions/a\"}},\"definitions\":{\"a\":{\"$ref\":"
                "\"#/definitions/a\"}}");
            break;
        case 16:
            component.summary = "\xff";
            break;
        case 17:
            component.create = 0;
            break;
        case 18:
            table.evaluate = 0;
            break;
        case 19:
            component.table = 0;
            break;
        case 20:
            plugin.component_count = 2;
            break;
        case 21:
            plugin.name = 0;
            break;
        case 22:
            plugin.struct_size = 0xFFFFFFFF;
            break;
        case 23:
            plugin.component_count = 0;
            break;
        case 24:
            error->message[0] = 'n', error->message[1] = 'o';
            return SPAR_E_INTERNAL;
        case 25:
            fesetround(FE_UPWARD);
            break;
        case 26:
            _exit(0);
        case 27:
            component.schema = SCHEMA_OF(
                ",\"a\":{\"type\":\"object\",\"x-spar-kind\":\"attack\",\"default\":{\"type\":"
                "\"faulty\"}}}");
            break;
        case 28:
            component.schema = SCHEMA_OF(
                ",\"a\":{\"type\":\"object\",\"x-spar-kind\":\"attack\",\"default\":{\"type\":5}}"
                "}");
            break;
        default:
            break;
    }
    return SPAR_OK;
}
