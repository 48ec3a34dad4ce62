/* A loss: value and gradient at the outputs, for each example separately, never a mean over the
   batch; a caller that wants a mean divides. Attacks increase it, training decreases it. */
#ifndef SPAR_ABI_LOSS_H
#define SPAR_ABI_LOSS_H

#include "base.h"

/* A block of rows. A pointer is null if the caller does not have, or does not want, what it stands
   for. */
typedef struct spar_loss_rows {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t count;          /* rows */
    int64_t outputs;        /* K, width of a row */
    const float *output;    /* [count, K] */
    const float *reference; /* [count, K] outputs of the same examples elsewhere: the clean input, a
                               teacher */
    const int64_t *labels;  /* [count] in [0, K) */
    const float *values;    /* [count, K] soft labels or regression targets */
    const int64_t *targets; /* [count] classes that an attack aims at */
    const int64_t *ids;     /* [count] identity of each example, for random numbers */
    uint64_t key;           /* the key of these random numbers */
    float *loss;            /* [count] out */
    float *gradient;        /* [count, K] out: d loss / d output */
    float *reference_gradient; /* [count, K] out: d loss / d reference */
} spar_loss_rows;

typedef uint32_t spar_loss_needs;
#define SPAR_LOSS_NEEDS_REFERENCE 1u
#define SPAR_LOSS_NEEDS_TARGETS 2u
#define SPAR_LOSS_NEEDS_LABELS 4u /* labels, and nothing else, will do */
#define SPAR_LOSS_NEEDS_VALUES 8u /* values, and nothing else, will do */

typedef struct spar_loss_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [thread-safe] */
    spar_status (*evaluate)(void *self, const spar_loss_rows *rows, spar_error *error);
    /* [thread-safe] [optional] What `evaluate` cannot do without. */
    spar_loss_needs (*needs)(void *self);
} spar_loss_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_loss_rows) == 104);
SPAR_ASSERT_LAYOUT(sizeof(spar_loss_table) == 24);

#endif
