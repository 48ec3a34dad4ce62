/* Loads well in the process that tries it, and otherwise in the next one, which it tells by a file:
   SPAR_ZOO_MARK is its name. */
#include <spar/abi.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static spar_status perturb(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                           spar_error *error) {
    (void)self, (void)oracle, (void)batch, (void)error;
    return SPAR_OK;
}
static spar_status create(const spar_component *component, const spar_host *host,
                          const spar_params *params, void **self, spar_error *error) {
    (void)component, (void)host, (void)params, (void)error;
    static int instance;
    *self = &instance;
    return SPAR_OK;
}
static void destroy(void *self) {
    (void)self;
}

static const spar_attack_table table = {sizeof(spar_attack_table), 0, perturb, 0};
static spar_component component = {
    sizeof(spar_component),
    SPAR_KIND_ATTACK,
    0,
    0,
    "second_load",
    "Is another one the second time.",
    "",
    "",
    "{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"second_load\"}},"
    "\"additionalProperties\":false}",
    "",
    &table,
    create,
    destroy,
    0,
    0};
static const spar_component *const components[] = {&component};
static const spar_plugin plugin = {sizeof(spar_plugin), 0,       0,         1, "",
                                   "second_load",       "1.0.0", components};

spar_status spar_plugin_entry_v1(const spar_host *host, const spar_plugin **answer,
                                 spar_error *error) {
    (void)host, (void)error;
    const char *mark = getenv("SPAR_ZOO_MARK");
    const char *how = getenv("SPAR_ZOO_HOW");
    if (mark && how) {
        if (access(mark, F_OK) == 0) {
            if (strcmp(how, "exit") == 0) exit(0);
            if (strcmp(how, "_exit") == 0) _exit(0);
            if (strcmp(how, "segfault") == 0) raise(SIGSEGV);
            if (strcmp(how, "differs") == 0) component.summary = "Another one.";
        } else {
            FILE *file = fopen(mark, "w");
            if (file) fclose(file);
        }
    }
    *answer = &plugin;
    return SPAR_OK;
}
