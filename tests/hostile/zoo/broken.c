/* A plugin with one attack and one fault, chosen by FAULT_<name>: what a host must refuse to load.
 */
#include <spar/abi.h>

#include <fenv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef SECOND_TWIN
/* Other bytes than the first's: a copy would count as the same plugin. */
__attribute__((used)) static const char twin[] = "second";
#endif

#if defined(FAULT_exits_on_load)
__attribute__((constructor)) static void harm(void) {
    exit(0);
}
#elif defined(FAULT_aborts_on_load)
__attribute__((constructor)) static void harm(void) {
    abort();
}
#elif defined(FAULT_crashes_on_load)
__attribute__((constructor)) static void harm(void) {
    *(volatile int *)16 = 1;
}
#elif defined(FAULT_hangs_on_load)
__attribute__((constructor)) static void harm(void) {
    for (;;) sleep(1000);
}
#elif defined(FAULT_rounds_upward_on_load)
__attribute__((constructor)) static void harm(void) {
    fesetround(FE_UPWARD);
}
#elif defined(FAULT_undefined_symbol)
extern int spar_no_such_function(void);
__attribute__((constructor)) static void harm(void) {
    spar_no_such_function();
}
#endif

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

static spar_status perturb(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                           spar_error *error) {
    (void)self, (void)oracle, (void)batch, (void)error;
    return SPAR_OK;
}

static spar_status stream(void *self, const spar_stream *bytes, spar_error *error) {
    (void)self, (void)bytes, (void)error;
    return SPAR_OK;
}

static spar_attack_table table = {sizeof(spar_attack_table), 0, perturb, 0};

static spar_component component = {
    .struct_size = sizeof(spar_component),
    .kind = SPAR_KIND_ATTACK,
    .type = "broken",
    .summary = "An attack that does nothing.",
    .formula = "",
    .reference = "",
    .schema =
        "{\"type\": \"object\", \"properties\": {\"type\": {\"const\": \"broken\"}},"
        " \"required\": [\"type\"], \"additionalProperties\": false}",
    .example = "",
    .table = &table,
    .create = create,
    .destroy = destroy,
};

static const spar_component *components[] = {&component, &component};

static spar_plugin plugin = {
    .struct_size = sizeof(spar_plugin),
    .abi_minor_built = SPAR_ABI_MINOR,
    .component_count = 1,
    .required_feature = "",
    .name = "broken",
    .version = "1.0.0",
    .components = components,
};

/* Everything that a fault of the answer changes. */
static void spoil(void) {
#if defined(FAULT_tiny_answer)
    plugin.struct_size = 8;
#elif defined(FAULT_huge_answer)
    plugin.struct_size = 1u << 30;
#elif defined(FAULT_needs_minor_99)
    plugin.abi_minor_required = 99;
    plugin.required_feature = "time travel";
#elif defined(FAULT_no_components)
    plugin.component_count = 0;
#elif defined(FAULT_too_many_components)
    plugin.component_count = 4000000000u;
#elif defined(FAULT_null_components)
    plugin.components = NULL;
#elif defined(FAULT_null_component)
    components[0] = NULL;
#elif defined(FAULT_same_name_twice)
    plugin.component_count = 2;
#elif defined(FAULT_null_name)
    plugin.name = NULL;
#elif defined(FAULT_no_version)
    plugin.version = "";
#elif defined(FAULT_tiny_component)
    component.struct_size = 16;
#elif defined(FAULT_zero_component)
    component.struct_size = 0;
#elif defined(FAULT_kind_99)
    component.kind = 99;
#elif defined(FAULT_null_type)
    component.type = NULL;
#elif defined(FAULT_odd_type)
    component.type = "Not A Type/../x";
#elif defined(FAULT_type_not_utf8)
    component.type = "bad\xff";
#elif defined(FAULT_no_summary)
    component.summary = "";
#elif defined(FAULT_null_formula)
    component.formula = NULL;
#elif defined(FAULT_null_schema)
    component.schema = NULL;
#elif defined(FAULT_schema_no_json)
    component.schema = "parameters: steps";
#elif defined(FAULT_schema_a_list)
    component.schema = "[1, 2]";
#elif defined(FAULT_schema_lost_reference)
    component.schema =
        "{\"type\": \"object\", \"properties\": {\"type\": {\"const\": \"broken\"},"
        " \"x\": {\"$ref\": \"#/definitions/none\"}}}";
#elif defined(FAULT_schema_deep)
    static char deep[200001];
    memset(deep, '[', sizeof deep - 1);
    component.schema = deep;
#elif defined(FAULT_null_table)
    component.table = NULL;
#elif defined(FAULT_tiny_table)
    table.struct_size = 8;
#elif defined(FAULT_huge_table)
    table.struct_size = 0xFFFFFFFFu;
#elif defined(FAULT_null_function)
    table.perturb = NULL;
#elif defined(FAULT_null_create)
    component.create = NULL;
#elif defined(FAULT_null_destroy)
    component.destroy = NULL;
#elif defined(FAULT_save_without_load)
    component.save = stream;
#endif
    (void)stream;
}

#if defined(FAULT_other_major)
#define ENTRY spar_plugin_entry_v2
#elif defined(FAULT_no_entry)
#define ENTRY something_else
#else
#define ENTRY spar_plugin_entry_v1
#endif

spar_status ENTRY(const spar_host *host, const spar_plugin **answer, spar_error *error);
spar_status ENTRY(const spar_host *host, const spar_plugin **answer, spar_error *error) {
    (void)host;
    spoil();
#if defined(FAULT_entry_fails)
    error->code = SPAR_E_INTERNAL;
    strcpy(error->message, "no licence found");
    return SPAR_E_INTERNAL;
#elif defined(FAULT_entry_endless_message)
    error->code = SPAR_E_INTERNAL;
    memset(error->message, 'x', sizeof error->message);
    return SPAR_E_INTERNAL;
#elif defined(FAULT_entry_answers_nothing)
    (void)answer, (void)error;
    return SPAR_OK;
#else
    (void)error;
    *answer = &plugin;
    return SPAR_OK;
#endif
}
