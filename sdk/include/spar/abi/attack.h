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
    const float *x;                 /* [count, size]; null in the space of tokens */
    const spar_component_ref *loss; /* null: the loss this oracle was made with */
    const int64_t *labels;          /* [count] instead of the batch's own, null: those */
    spar_head head;                 /* instead of any loss: the attack's own objective, and its
                                       gradient; rows are points. Null: use the loss */
    void *head_context;
    float *outputs;     /* [count, outputs], may be null */
    float *loss_values; /* [count], may be null; not with a head */
    float *gradient;    /* [count, size] of loss or head, may be null: not computed. In the space of
                           tokens it is taken at their vectors, [count, tokens->length, width], and
                           is 0 at padding */
    const spar_tokens *tokens; /* the points in the space of tokens, where tapes are
                                  SPAR_E_UNSUPPORTED; otherwise null. Minor 3 */
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

    /* In the space of tokens; 0 and null in others. Minor 3. */
    int64_t width; /* of a token's vector; 0: the model gives no gradients */
    /* The vectors [count, width] of tokens, where the gradient of a query is taken. Null if width
       is 0. Does not count as a query. */
    spar_status (*vectors)(const struct spar_oracle *oracle, int64_t count, const int64_t *tokens,
                           float *vectors, spar_error *error);
    /* From here on, this text is the result for example `row`: what a user could type, so that the
       host judges what a model would be given. Copied. SPAR_E_INVALID, and the former one stays, if
       it edits more words than limits[row], has another number of separators, or is not UTF-8. Does
       not count as a query. */
    spar_status (*propose)(const struct spar_oracle *oracle, int64_t row, const char *text,
                           spar_error *error);
} spar_oracle;

typedef int32_t spar_purpose;
#define SPAR_PURPOSE_EVALUATE 0
#define SPAR_PURPOSE_TRAIN 1

/* The batch to perturb. Before a run the host may pass one without examples (count 0), so that an
   attack that does not fit the threat model or the outputs fails at once, not after a long
   training. In the space of parameters, used in training only, the batch is one example, the whole
   tensor, without labels, values or mask: a query's loss and outputs are means over the training
   batch, and a query can have neither head, labels nor tape. Invariant: at every call of the oracle
   and at the end, x_adv is inside the threat model, so that a stop yields the best so far.
   The length of texts varies from batch to batch: take every size from the batch.
   In the space of tokens, size and rank are 0 and x, mask and x_adv null; the points are tokens,
   and the result is given by `propose` (without it, the clean text). tokens->length is the most
   that the model takes, with room for insertions. In a batch without examples the tokenizer may
   still lack its vocabulary, and be null where a pipeline is checked without one. */
typedef struct spar_attack_batch {
    uint32_t struct_size;
    spar_purpose purpose;
    int64_t count; /* examples */
    int64_t size;  /* values per example, the product of shape */
    int32_t rank;
    int32_t reserved;
    int64_t shape[SPAR_MAX_RANK]; /* of one example */
    const float *x;               /* [count, size] clean */
    const float *mask;            /* [count, mask_size], null: nothing is masked. An entry holds for
                                     size / mask_size values in a row; where it is 0, they are never
                                     perturbed */
    const int64_t *labels;        /* [count], null for regression */
    const float *values;          /* [count, outputs], null for classes */
    const int64_t *targets;       /* [count] when the threat is targeted, otherwise null */
    const int64_t *ids;           /* [count] identity of each example */
    uint64_t key;         /* key of the attack's random numbers; combine with the id, not the
                             position */
    const float *outputs; /* [count, outputs] at x, null when not known */
    const spar_threat *threat;
    float *x_adv; /* [count, size] in: equal to x; out */

    /* Minor 3. */
    const int64_t *limits; /* [count] how many values, groups or words may change; null unless the
                              norm is l0 */
    int64_t mask_size;     /* length in the space of embeddings, size at a site, otherwise 0 */
    const int32_t *words; /* [count, tokens->length] in the space of tokens: the word of each token,
                             from 0; -1: none. Otherwise null */
    const spar_tokens *tokens; /* clean, in the space of tokens, otherwise null */
    const char *const *texts;  /* [count] clean, in the space of tokens, otherwise null */
    const spar_component_ref
        *tokenizer; /* of these texts, in the space of tokens, otherwise null */
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

SPAR_ASSERT_LAYOUT(sizeof(spar_query) == 96);
SPAR_ASSERT_LAYOUT(sizeof(spar_oracle) == 88);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_batch) == 224);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_table) == 24);

#endif
