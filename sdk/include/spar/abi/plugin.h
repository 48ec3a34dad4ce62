/* The one symbol of a plugin, and the descriptors that it returns. */
#ifndef SPAR_ABI_PLUGIN_H
#define SPAR_ABI_PLUGIN_H

#include "base.h"
#include "host.h"

typedef uint32_t spar_component_flags;
#define SPAR_COMPONENT_DEFAULT 1u /* a reporter that runs even if the pipeline does not list it */

/* One component. All text and tables [static]. */
typedef struct spar_component {
    uint32_t struct_size;
    spar_kind kind;
    spar_component_flags flags;
    uint32_t reserved;
    const char *type;      /* its name in the pipeline: lower case, digits, underscores */
    const char *summary;   /* one sentence */
    const char *formula;   /* what it computes, in plain text; may be empty */
    const char *reference; /* the paper or source; may be empty */
    const char *schema;  /* JSON Schema (draft-07) of its parameters, see docs/write-a-plugin.md */
    const char *example; /* smallest pipeline that uses it, as JSON; may be empty */
    const void *table;   /* of its kind: spar_attack_table for an attack, and so on */
    /* An instance from its parameters. `self` is untouched on failure. [exclusive for this
     * component] */
    spar_status (*create)(const struct spar_component *component, const spar_host *host,
                          const spar_params *params, void **self, spar_error *error);
    void (*destroy)(void *self);
    /* [optional, both or none] State that must survive a restart and that the host does not keep
       anyway (parameters, the optimizer's arrays, SPAR_TENSOR_SAVED). The host keeps it for every
       component of a training, including those inside others, by the component's place in the
       pipeline. `save` is called between two steps, whenever the host writes a checkpoint; it
       changes nothing, and writes at most 256 MiB. `load` is called once when a training is
       resumed, after `create`, a model's `setup` and the rehearsal, before the first step, with
       what `save` of the same type wrote, perhaps in an older version of the plugin. It must read
       exactly what was written, so let the state begin with a version number of its own. A
       checkpoint without state for a component that has `load`, or with state for one that has not,
       is refused. */
    spar_status (*save)(void *self, const spar_stream *stream, spar_error *error);
    spar_status (*load)(void *self, const spar_stream *stream, spar_error *error);
} spar_component;

typedef struct spar_plugin {
    uint32_t struct_size;
    uint32_t abi_minor_built;    /* SPAR_ABI_MINOR of the header it was compiled with */
    uint32_t abi_minor_required; /* the lowest minor whose features it uses */
    uint32_t component_count;
    const char *required_feature; /* what needs that minor, for the error message; may be empty */
    const char *name;
    const char *version;
    const spar_component *const *components; /* component_count pointers */
} spar_plugin;

/* Fills *plugin with a [static] description. Called once per process, before any other function.
   [main] */
#define SPAR_PLUGIN_ENTRY "spar_plugin_entry_v1"
typedef spar_status (*spar_plugin_entry)(const spar_host *host, const spar_plugin **plugin,
                                         spar_error *error);

/* The function that a plugin defines; declared here so that it is exported whatever -fvisibility
   says. */
#ifdef __cplusplus
extern "C" {
#endif
SPAR_EXPORT spar_status spar_plugin_entry_v1(const spar_host *host, const spar_plugin **plugin,
                                             spar_error *error);
#ifdef __cplusplus
}
#endif

SPAR_ASSERT_LAYOUT(sizeof(spar_component) == 104);
SPAR_ASSERT_LAYOUT(sizeof(spar_plugin) == 48);

#endif
