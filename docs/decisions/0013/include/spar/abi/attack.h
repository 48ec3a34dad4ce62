/* An attack: perturbs a batch inside a threat model, asking an oracle.

   The oracle is the host's. It hides what is attacked (one model, several, another process) and
   where (pixels, embeddings, a parameter), counts queries, and turns a targeted goal into a loss
   that grows: an attack always ascends. The attack proposes x_adv; the host checks ball and box and
   decides success with a forward pass of its own. */
#ifndef SPAR_ABI_ATTACK_H
#define SPAR_ABI_ATTACK_H

#include "base.h"

/* One question about `count` points. Point i belongs to example rows[i] of the batch; an example
   may stand there several times (restarts, targets) or not at all (already broken). A point may lie
   outside the threat model: only results may not.
   Without SPAR_ORACLE_GRADIENTS a question with a gradient or a tape, and without
   SPAR_ORACLE_SCORES one with a loss, labels, a head or any output but `classes` too, fails with
   SPAR_E_UNSUPPORTED. Where an example of the query has no query left it fails with SPAR_E_BUDGET:
   go on with the others, or hand it on, and the results so far are taken. Of a query that fails so
   nothing is computed or counted. */
typedef struct spar_query {
    uint32_t struct_size;
    int32_t tape; /* 0: none, else a slot in [1, 8] for `pullback` */
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
                           tokens at their vectors, [count, tokens->length, width], 0 at padding */
    const spar_tokens *tokens; /* the points in the space of tokens, else null */
    int64_t *classes; /* [count] the largest output, of equal ones the first; may be null */
    int64_t draw;     /* 0, 1, ...: which draw of a randomised model; the same draw of the same
                         example is the same net, in every query of this `perturb` and for every point
                         of a query; a mean over draws takes a query for each. A tape keeps its draw.
                         The host's verdict uses draws that no query can name. */
} spar_query;

typedef uint32_t spar_oracle_flags;
#define SPAR_ORACLE_GRADIENTS 1u  /* the threat allows them and the model has them */
#define SPAR_ORACLE_SCORES 2u     /* outputs may be seen */
#define SPAR_ORACLE_RANDOMISED 4u /* `draw` matters: one answer is one sample */
/* The same point and draw give the same bits, whatever else is in the query. */
#define SPAR_ORACLE_REPEATS 8u
/* What answers is not what is judged. That an example is broken here says nothing: do not stop at
   it, go on to raise the loss. */
#define SPAR_ORACLE_SURROGATE 16u

/* Everything [exclusive]; valid during `perturb`. */
typedef struct spar_oracle {
    uint32_t struct_size;
    spar_oracle_flags flags;
    void *handle;
    int64_t outputs; /* K */
    spar_status (*evaluate)(const struct spar_oracle *oracle, const spar_query *query,
                            spar_error *error);
    /* Gradient at the points of a tape for another gradient at their outputs: cotangent
       [count, outputs], gradient [count, size] out. */
    spar_status (*pullback)(const struct spar_oracle *oracle, int32_t tape, const float *cotangent,
                            float *gradient, spar_error *error);
    /* Whether the run is being stopped; evaluate answers SPAR_E_CANCELLED from then on. */
    int32_t (*cancelled)(const struct spar_oracle *oracle);
    /* Something about example `row` of the batch that its result should carry: a code of lower
       case, digits and underscores, and a number that goes with it ("restarts", 3). Kept in the
       run's record under the attack; the last value of a code stays. An attack made of others need
       not hand them on. A row or a code that cannot be meant is passed over. */
    void (*note)(const struct spar_oracle *oracle, int64_t row, const char *code, double value);
    /* From here on the attack is in the stage `name` ("apgd-ce"): for the progress that people see,
       and for the record of which stage broke an example. Null: in none. */
    void (*stage)(const struct spar_oracle *oracle, const char *name);
    int64_t width; /* of a token's vector; 0: not the space of tokens, or no gradients */
    /* The vectors [count, width] of tokens, as the gradient of a query is at them; [optional]: null
       where width is 0. Counts as no query. */
    spar_status (*vectors)(const struct spar_oracle *oracle, int64_t count, const int64_t *tokens,
                           float *vectors, spar_error *error);
    /* The result for example `row` in the space of tokens is, from here on, this text: what a user
       could type, so that the host judges what a model would be given. Copied. SPAR_E_INVALID, and
       the former one stays, where it edits more words than limits[row] or has another number of
       separators. Counts as no query. Null in other spaces. */
    spar_status (*propose)(const struct spar_oracle *oracle, int64_t row, const char *text,
                           spar_error *error);
} spar_oracle;

typedef int32_t spar_purpose;
#define SPAR_PURPOSE_EVALUATE 0
#define SPAR_PURPOSE_TRAIN 1

/* The batch to perturb. Before a run the host may hand over one without examples, count 0: an
   attack that does not fit the threat model or the outputs fails then as it would later, and nobody
   waits in vain for a training. In the space of parameters, where only training takes place, it is
   one example, the whole tensor, without labels, values or mask: a query's loss is the mean over
   the training batch, its outputs are means too, and it can have neither head, labels nor tape.
   Invariant: at every call of the oracle and at the end, x_adv is inside the threat model, so that
   a stop yields the best so far.
   Lengths of texts vary from batch to batch: take every size from the batch, none from the last.
   In the space of tokens size, rank, x, mask and x_adv are 0 or null; the points are tokens, and
   the result is given through `propose` (the clean text without it). tokens->length is then the
   most that the model takes, room for insertions included. */
typedef struct spar_attack_batch {
    uint32_t struct_size;
    spar_purpose purpose;
    int64_t count; /* examples */
    int64_t size;  /* values an example, the product of shape */
    int32_t rank;
    int32_t reserved;
    int64_t shape[SPAR_MAX_RANK]; /* of one example */
    const float *x;               /* [count, size] clean */
    const float *mask;            /* [count, mask_size], null: nothing is masked. An entry holds for
                                     size / mask_size values in a row; where it is 0 they are never
                                     perturbed */
    const int64_t *labels;        /* [count], null for regression */
    const float *values;          /* [count, outputs], null for classes */
    const int64_t *targets;       /* [count] when the threat is targeted, else null */
    const int64_t *ids;           /* [count] identity of each example */
    uint64_t key;         /* key of the attack's random numbers; add the id, not the position */
    const float *outputs; /* [count, outputs] at x, null when not known or not to be seen */
    const spar_threat *threat;
    float *x_adv;          /* [count, size] in: equal to x; out */
    const int64_t *limits; /* [count] how many values, groups or words may change; null unless the
                              norm is l0 */
    int64_t mask_size;     /* length in the space of embeddings, size at a site, else 0 */
    const int32_t *words;  /* [count, length] in the spaces of embeddings and tokens: the word of
                              each token, from 0, -1 for none; null where nobody knows. length is
                              shape[0] or tokens->length */
    const spar_tokens *tokens;           /* clean, in the space of tokens, else null */
    const char *const *texts;            /* [count] clean, in the space of tokens, else null */
    const spar_component_ref *tokenizer; /* of these texts, in the space of tokens, else null */
    /* [count, size], null unless the host wants it and the attack has SPAR_ATTACK_LEAST: the
       nearest point that reaches the goal, inside the box and under the threat's norm, but at any
       distance. In: equal to x. A row left so, or one that does not convince the host, has found
       nothing. */
    float *x_least;
} spar_attack_batch;

/* What an instance promises beyond the contract; asked after `create`. */
typedef uint32_t spar_attack_traits;
#define SPAR_ATTACK_LEAST 1u /* a minimum-norm attack: fills x_least */

typedef struct spar_attack_table {
    uint32_t struct_size;
    uint32_t reserved;
    spar_status (*perturb)(void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                           spar_error *error); /* reads x, writes x_adv; asks the oracle */
    /* [optional] SPAR_E_UNSUPPORTED, and why, for a threat that this instance cannot attack under.
       Asked when a pipeline is checked, before any data is read. An attack without it is offered
       what minor 1 knew: gradients, no groups, the norms linf, l2, l1, and the spaces of inputs,
       embeddings and parameters. */
    spar_status (*fits)(void *self, const spar_threat *threat, spar_error *error);
    spar_attack_traits (*traits)(void *self); /* [optional] missing: none */
} spar_attack_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_query) == 112);
SPAR_ASSERT_LAYOUT(sizeof(spar_oracle) == 88);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_batch) == 232);
SPAR_ASSERT_LAYOUT(sizeof(spar_attack_table) == 32);

#endif
