/* A transform of training data: changes examples after they are read and before anything else sees
   them, as random crops and flips do. The host applies transforms in training only, never in
   validation or evaluation, in the order in which the pipeline lists them. */
#ifndef SPAR_ABI_TRANSFORM_H
#define SPAR_ABI_TRANSFORM_H

#include "base.h"

/* Rows of a batch, changed in place. The result for a row depends on the row, its id and the key
   alone, never on the other rows or its place in the batch, so that another batch size, another
   number of threads, or a resumed run give the same examples. Values stay in [lower, upper]; the
   host checks that. Before a run the host passes no rows (count 0), so that a transform that does
   not fit the shape fails then. */
typedef struct spar_transform_rows {
    uint32_t struct_size;
    int32_t rank;
    int64_t count;
    int64_t size;                 /* values (or tokens) of one example, the product of shape */
    int64_t shape[SPAR_MAX_RANK]; /* of one example: [channels, height, width], or [length] */
    float *x;                     /* [count, size], null for tokens */
    int64_t *tokens;              /* [count, size], null for values */
    float *mask;                  /* [count, size], null for values */
    const int64_t *ids;           /* [count] identity of each example */
    uint64_t key;        /* of this transform's random numbers in this epoch; combine with the id */
    double lower, upper; /* the dataset's box; values only */
} spar_transform_rows;

typedef struct spar_transform_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [thread-safe] for different rows */
    spar_status (*apply)(void *self, const spar_transform_rows *rows, spar_error *error);
} spar_transform_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_transform_rows) == 144);
SPAR_ASSERT_LAYOUT(sizeof(spar_transform_table) == 16);

#endif
