/* What the host offers to every plugin: a table, handed over at creation and valid as long as the
   instance that it was handed to (the entry's: until the process ends), every function
   [thread-safe]. A component uses the table that it was given, never another's: the host identifies
   the component by the table. */
#ifndef SPAR_ABI_HOST_H
#define SPAR_ABI_HOST_H

#include "base.h"

/* The parameters of one component: its node in the pipeline, checked against the component's
   schema, with defaults filled in. Values are named by JSON pointers relative to the node
   ("/layers/0/out"). Valid during the call it is passed to, and so is text read from it. A reporter
   gets the results in this form, too. */
typedef struct spar_params spar_params;

typedef int32_t spar_value_kind;
#define SPAR_VALUE_ABSENT 0
#define SPAR_VALUE_NULL 1
#define SPAR_VALUE_BOOLEAN 2
#define SPAR_VALUE_NUMBER 3
#define SPAR_VALUE_STRING 4
#define SPAR_VALUE_ARRAY 5
#define SPAR_VALUE_OBJECT 6

typedef int32_t spar_severity;
#define SPAR_LOG_DEBUG 0
#define SPAR_LOG_INFO 1
#define SPAR_LOG_WARNING 2
#define SPAR_LOG_ERROR 3

/* One piece of parallel work: piece `index` of spar_host.parallel_for. Must not call back into an
   [exclusive] function of the instance that started it. */
typedef spar_status (*spar_task)(void *context, int64_t index, spar_error *error);

/* A sink or source of bytes for state that survives a restart, see spar_component. `write` and
   `read` transfer exactly `size` bytes or fail; a stream offers one of the two, the other slot is
   null. Valid during the call it is passed to. */
typedef struct spar_stream {
    uint32_t struct_size;
    uint32_t reserved;
    void *handle;
    spar_status (*write)(void *handle, const void *bytes, int64_t size, spar_error *error);
    spar_status (*read)(void *handle, void *bytes, int64_t size, spar_error *error);
} spar_stream;

/* Something that the author of the pipeline would want to know: the run goes on, but the numbers
   may not mean what they seem to. Printed once, and kept in results.json. Warnings of one component
   with the same code and place are merged: counts add up, and the first few examples are kept. Text
   is borrowed during the call. */
typedef struct spar_warning {
    uint32_t struct_size;
    uint32_t reserved;
    const char
        *code; /* what happened: lower case, digits, underscores; the same in every version */
    const char *pointer; /* JSON pointer to the parameter concerned, inside the component's node;
                            may be empty or null */
    const char *message; /* what was found and what was expected */
    const char *remedy;  /* how to go on; may be empty or null */
    int64_t count;       /* how often, for example how many examples; 0: does not apply */
    const int64_t *examples; /* [example_count] ids of some of them, may be null */
    int64_t example_count;
} spar_warning;

typedef struct spar_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    const char *version; /* [static] the host's own version, "1.2.3" */

    void (*log)(const struct spar_host *host, spar_severity severity,
                const char *text); /* for people */

    /* Runs task(context, i) for every i in [0, count) and waits. Returns the failure with the
       lowest i, if any. Calls from inside a task run in the calling thread. The caller decides how
       the work is split: if `count` depends on the problem alone, never on the number of threads,
       the result cannot depend on it either. */
    spar_status (*parallel_for)(const struct spar_host *host, int64_t count, spar_task task,
                                void *context, spar_error *error);

    /* Parameters. A getter fails with SPAR_E_INVALID and the pointer when the value is absent or of
       another kind. */
    spar_value_kind (*value_kind)(const spar_params *params, const char *pointer);
    int64_t (*value_size)(const spar_params *params,
                          const char *pointer); /* -1: neither array nor object */
    spar_status (*get_boolean)(const spar_params *params, const char *pointer, int32_t *value,
                               spar_error *error);
    spar_status (*get_integer)(const spar_params *params, const char *pointer, int64_t *value,
                               spar_error *error);
    spar_status (*get_number)(const spar_params *params, const char *pointer, double *value,
                              spar_error *error);
    spar_status (*get_string)(const spar_params *params, const char *pointer, const char **value,
                              spar_error *error);
    /* A string that names a file, made absolute: relative to the pipeline file that contains it. */
    spar_status (*get_path)(const spar_params *params, const char *pointer, const char **value,
                            spar_error *error);
    /* A parameter that is itself a component, already built. [main] */
    spar_status (*get_component)(const spar_params *params, const char *pointer, spar_kind kind,
                                 spar_component_ref *value, spar_error *error);
    /* A number that is the same in every run of the same pipeline with the same seed, and differs
       between nodes of the pipeline: the key of this component's random numbers. */
    uint64_t (*random_key)(const spar_params *params);

    void (*warn)(const struct spar_host *host, const spar_warning *warning); /* see spar_warning */
} spar_host;

SPAR_ASSERT_LAYOUT(sizeof(spar_stream) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_warning) == 64);
SPAR_ASSERT_LAYOUT(sizeof(spar_host) == 112);

#endif
