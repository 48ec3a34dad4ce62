/* An optimizer: one tensor's update from its gradient, with explicit state and step number. The
   host owns the loop, the state, the schedule of the learning rate, and clipping. */
#ifndef SPAR_ABI_OPTIMIZER_H
#define SPAR_ABI_OPTIMIZER_H

#include "base.h"

typedef struct spar_update {
    uint32_t struct_size;
    int32_t rank;
    int64_t step;       /* 1 for the first update of the run */
    double rate_factor; /* the schedule's factor: the rate is the component's own times this */
    const char *name;   /* of the parameter */
    int64_t size;       /* elements handed over: of the whole tensor, or of a piece */
    float *parameter;   /* in and out */
    const float *gradient;
    float *const *state;  /* state_count arrays of `size` floats, zero before step 1, in and out */
    const int64_t *shape; /* [rank] of the whole tensor */
    int64_t offset; /* of the first element in the whole tensor, 0 unless it is a piece; use it to
                       number random draws */
} spar_update;

/* What an instance guarantees beyond the contract; asked after `create`. */
typedef uint32_t spar_optimizer_traits;
/* An element's update depends on that element's gradient and state alone (and on step, rate, name,
   offset). Tensors then arrive in pieces of a fixed size, which threads share. */
#define SPAR_OPTIMIZER_ELEMENTWISE 1u

typedef struct spar_optimizer_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [thread-safe] How many arrays of the parameter's size it keeps, and their names [static]. */
    int64_t (*state_count)(void *self);
    const char *(*state_name)(void *self, int64_t index);
    /* [thread-safe] for different tensors and pieces */
    spar_status (*update)(void *self, const spar_update *update, spar_error *error);
    spar_optimizer_traits (*traits)(void *self); /* [optional] null: none */
} spar_optimizer_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_update) == 80);
SPAR_ASSERT_LAYOUT(sizeof(spar_optimizer_table) == 40);

#endif
