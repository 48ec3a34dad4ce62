/* A reporter: consumes one stream of events and, at the end, the results. */
#ifndef SPAR_ABI_REPORTER_H
#define SPAR_ABI_REPORTER_H

#include "base.h"
#include "host.h"

typedef struct spar_run {
    uint32_t struct_size;
    int32_t terminal;      /* 1: standard output is read by people, and this reporter may write
                              there */
    const char *directory; /* the run's folder, absolute; valid as long as the instance */
    const char *name;      /* of the pipeline */
} spar_run;

typedef struct spar_event {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t step;     /* optimizer steps so far; -1 outside training */
    const char *path; /* where: "train", "evaluate/pgd" */
    const char *name; /* what: "loss" */
    double value;
} spar_event;

/* Everything [main]. */
typedef struct spar_reporter_table {
    uint32_t struct_size;
    uint32_t reserved;
    spar_status (*begin)(void *self, const spar_run *run, spar_error *error);
    spar_status (*event)(void *self, const spar_event *event, spar_error *error); /* [optional] */
    /* The results, as values to read and as the JSON text of results.json. */
    spar_status (*finish)(void *self, const spar_params *results, const char *json,
                          spar_error *error);
} spar_reporter_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_run) == 24);
SPAR_ASSERT_LAYOUT(sizeof(spar_event) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_reporter_table) == 32);

#endif
