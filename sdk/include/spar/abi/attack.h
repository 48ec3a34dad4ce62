/* An attack: perturbs a batch inside a threat model, asking an oracle.

   The oracle is the host's. It hides what is attacked (one model, several, another process) and
   where (pixels, embeddings, a parameter), counts queries, and turns a targeted goal into a loss
   that grows: an attack always ascends. The attack proposes x_adv; the host checks ball and box and
   decides success with a forward pass of its own. */
#ifndef SPAR_ABI_ATTACK_H
#define SPAR_ABI_ATTACK_H

#include "base.h"

/* One question about `count` points. Point i belongs to example rows[i] of the batch; an example
   may appear several times (restarts, targets) or not at all (already broken). */
typedef struct spar_query {
    uint32_t struct_size;
    int32_t tape; /* 0: none; otherwise a slot in [1, 8] for `pullback` */
    int64_t count;
    const int64_t *rows;            /* [count]; null: point i is example i */
    const float *x;                 /* [count, size] */
    const spar_component_ref *loss; /* null: the loss this oracle was made with */
    const int64_t *labels;          /* [count] instead of the batch's own, null: those */
    spar_head head;                 /* instead of any loss: the attack's own objective, and its
                                       gradient; rows are points. Null: use the loss */
    void *head_context;
    float *outputs;     /* [count, outputs], may be null */
    float *loss_values; /* [count], may be null; not with a head */
    float *gradient;    /* [count, size] of loss or head, may be null: not computed */
} spar_query;

/* Everything [exclusive]; valid during `perturb`. */
typedef struct spar_oracle {
    uint32_t struct_size;
    int32_t gradients; /* 0: black box, a query for a gradient fails with SPAR_E_UNSUPPORTED */
    void *handle;
    int64_t outputs; /* K */
    spar_status (*evaluate)(const struct spar_oracle *oracle, const spar_query *query,
                            spar_error *error);
    /* The gradient at a tape's points for another gradient at their outputs: cotangent
       [count, outputs] in, gradient [count, size] out. Counts as a query for the points whose
       cotangent is not zero. */
    spar_status (*pullback)(const struct spar_oracle *oracle, int32_t tape, const float *cotangent,
                            float *gradient, spar_error *error);
    /* Whether the run is being stopped; evaluate answers SPAR_E_CANCELLED from then on. */
    int32_t (*cancelled)(const struct spar_oracle *oracle);
    /* Attaches a fact to the result of example `row` of the batch: a code of lower-case letters,
       digits and underscores, and a number ("restarts", 3). The run's record keeps it under the
       attack; a later value of the same code replaces the earlier one. An attack made of others
       need not forward their notes. An impossible row or a malformed code is ignored. */
    void (*note)(const struct spar_oracle *oracle, int64_t row, const char *code, double value);
    /* The attack enters the stage `name` ("apgd-ce"); shown as progress, and used to record which
       stage broke an example. Null: no stage. */
    void (*stage)(const struct spar_oracle *oracle, const char *name);
} spar_oracle;

typedef int32_t spar_purpose;
#define SPAR_PURPOSE_EVALUATE 0
#define SPAR_PURPOSE_TRAIN 1

/* The batch to perturb. Before a run the host may pass one without examples (count 0), so that an
   attack that does not fit the threat model or the outputs fails at once, not after a long
   training. In the space of parameters, used in training only, the batch is one example, the whole
   tensor, without labels, values or mask: a query's loss and outputs are means over the training
   batch, and a query can have neither head, labels nor tape. Invariant: at every call of the oracle
   and at the end, x_adv is inside the threat model, so that a stop yields the best so far. */
typedef struct spar_attack_batch {
    uint32_t struct_size;
    spar_purpose purpose;
    int64_t count; /* examples */
    int64_t size;  /* values per example, the product of shape */
    int32_t rank;
    int32_t reserved;
    int64_t shape[SPAR_MAX_RANK]; /* of one example */
    const float *x;               /* [count, size] clean */
    const float *mask;            /* [count, length] in the space of embeddings, otherwise null; a
                                     masked position is never perturbed */
    const int64_t *labels;        /* [count], null for regression */
    const float *values;          /* [count, outputs], null for classes */
    const int64_t *targets;       /* [count] when the threat is targeted, otherwise null */
    const int64_t *ids;           /* [count] identity of each example */
    uint64_t key;         /* key of the attack's random numbers; combine with the id, not the
                             position */
    const float *outputs; /* [count, outputs] at x, null when not known */
    const spar_threat *threat;
    float *x_adv; /* [count, size] in: equal to x; out */
} spar_attack_batch;

typedef struct spar_attack_table {
    uint32_t struct_size;
    uint32_t reserved;
    spar_status (*perturb)(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                           spar_error *error); /* reads x, writes x_adv; asks the oracle */
    /* [optional] Answers SPAR_E_UNSUPPORTED, with the reason, for a threat that this instance
       cannot attack under. Asked when a pipeline is checked, before any data is read, and before
       `perturb`. An attack without it is taken to support what minor 1 knew: the norms linf, l2 and
       l1, and no groups.
       Minor 2. */
    spar_status (*fits)(void *self, const spar_threat *threat, spar_error *error);
} spar_attack_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_query) == 88);
SPAR_ASSERT_LAYOUT(sizeof(spar_oracle) == 64);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_batch) == 176);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_table) == 24);

#endif
