/* A model: outputs from inputs, and gradients pulled back from the outputs.

   Gradients are always of the sum over the rows, so a row's result does not depend on the other
   rows, except in training mode, where a model may normalise over the batch. */
#ifndef SPAR_ABI_MODEL_H
#define SPAR_ABI_MODEL_H

#include "base.h"
#include "site.h"

/* What the data looks like; known only once the dataset is open. */
typedef struct spar_model_setup {
    uint32_t struct_size;
    spar_input_kind input;
    int32_t rank;
    int32_t reserved;
    int64_t shape[SPAR_MAX_RANK]; /* of one example */
    int64_t outputs;              /* classes or values in the data; a hint, the host checks */
    int64_t vocabulary;
    uint64_t key; /* key of the random numbers for the initial parameters */
    /* [vocabulary] how often each token occurs in the examples to train on, unlabelled ones
       included, and padding not; null: not known, as where nothing is trained. Minor 3. */
    const int64_t *counts;
} spar_model_setup;

/* What an instance promises beyond the contract; asked after `setup`. */
typedef uint32_t spar_model_traits;
/* Texts may come at any length up to that of `setup`, and padding changes no bit of a result. A
   model without it always gets the full length. */
#define SPAR_MODEL_LENGTHS 1u
/* `setup` fills the parameters in with weights of the model's own, from a file that it names, so
   that evaluating it without training and without weights in the pipeline is no mistake. */
#define SPAR_MODEL_OWN_WEIGHTS 16u

typedef uint32_t spar_parameter_flags;
#define SPAR_PARAMETER_TRAINABLE 1u /* without it a buffer, as a running mean: saved only */
#define SPAR_PARAMETER_STAGE 2u     /* belongs to the first stage, see spar_stage_steps */

/* One named tensor. The memory belongs to the model and stays in place as long as the instance
   lives. */
typedef struct spar_parameter {
    uint32_t struct_size;
    spar_parameter_flags flags;
    const char *name; /* "conv1.weight"; PyTorch's name and layout */
    int32_t rank;
    int32_t reserved;
    int64_t shape[SPAR_MAX_RANK];
    float *value;
    float *gradient; /* same shape; null for a buffer */
} spar_parameter;

/* Steps through the model's first stage alone (Zhang et al. 2019, YOPO), after a pass over the same
   x that wants parameter gradients and nothing else. The stage consists of the layers up to the
   first activation after the first layer with parameters, or of those that the pipeline's author
   chooses. A model that marks no parameter as SPAR_PARAMETER_STAGE is never asked. x is what the
   pass reads: of text the vectors, so that the embedding's parameters precede the stage and are
   none of its own.
   The pass goes back only to the stage's output, where it finds the gradient p. Then, `count`
   times: dx = d/dx <p, stage(x)>, and ascent(rows of x, rows of dx), in place, for every row. The
   gradients of the stage's parameters are those of <p, stage(x)> at the x that the steps reach.
   With SPAR_WANT_INPUT_GRADIENT, which the host sets for text, the pass's dx is the gradient at the
   x that the steps reach too, plus that of the pass itself if it goes back through the stage.
   The stage is the function that the pass evaluated: the pass's mask, ids and key hold in the steps
   too, and so do its dropout masks. Only normalisation over a batch uses running statistics. */
typedef struct spar_stage_steps {
    uint32_t struct_size;
    int32_t full_pass; /* 1: the pass goes back through the stage too; its gradients add up */
    int64_t count;
    float *x; /* [n, shape...], the pass's own */
    spar_ascent ascent;
    void *ascent_context;
} spar_stage_steps;

/* One pass forward and, when a head is given, straight back again.
   1. Computes the outputs. 2. Calls the head for blocks of rows. 3. Pulls the head's gradients back
   as far as `wants` asks and no further: a pass that does not want parameter gradients does not
   compute them. With a tape, step 1 keeps what `backward` needs. Buffers, such as running means,
   change only when parameter gradients are taken in training mode: in this pass, or in the first
   `backward` through its tape that wants them. Hence no attack changes them. */
typedef struct spar_pass {
    uint32_t struct_size;
    spar_wants wants; /* ignored without a head */
    spar_mode mode;
    spar_space space; /* what x is: SPAR_SPACE_INPUT or SPAR_SPACE_EMBEDDING */
    int32_t tape;     /* 0: none; otherwise a slot in [1, 8], kept until the slot is used again */
    int32_t reserved;
    uint64_t key;         /* of the pass's random numbers (dropout): same key and ids, same masks */
    const int64_t *ids;   /* [n] identity of each example */
    const DLTensor *x;    /* [n, shape...]; for texts see SPAR_MODEL_LENGTHS */
    const DLTensor *mask; /* [n, length] for tokens and embeddings, otherwise null */
    spar_head head;       /* null: forward only */
    void *head_context;
    float *outputs;                      /* [n, outputs], may be null */
    float *dx;                           /* [n, shape...], written with SPAR_WANT_INPUT_GRADIENT */
    const spar_stage_steps *stage_steps; /* null: none */
} spar_pass;

/* Everything [exclusive]. The model does its parallel work through spar_host.parallel_for. */
typedef struct spar_model_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* Called once, before anything else. Infers shapes, allocates and initialises parameters. */
    spar_status (*setup)(void *self, const spar_model_setup *setup, spar_error *error);
    int64_t (*outputs)(void *self); /* values per example at the output */
    int64_t (*parameter_count)(void *self);
    spar_status (*parameter)(void *self, int64_t index, spar_parameter *parameter,
                             spar_error *error);
    /* The caller has written values; everything derived from them is stale. */
    void (*parameters_changed)(void *self);
    spar_status (*pass)(void *self, const spar_pass *pass, spar_error *error);
    /* Pulls `cotangent` [n, outputs] back through a tape. The tape is kept. dx as in spar_pass. */
    spar_status (*backward)(void *self, int32_t tape, const float *cotangent, spar_wants wants,
                            float *dx, spar_error *error);
    /* [optional] A capability by id, [static]; null: not offered. */
    const void *(*extension)(void *self, const char *id);
    spar_model_traits (*traits)(void *self); /* [optional] null: none. Minor 3 */
} spar_model_table;

/* Extension: from tokens to vectors, so that an attack can perturb the vectors. */
#define SPAR_MODEL_EMBEDDING "spar.model.embedding/1"
typedef struct spar_embedding {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t (*width)(void *self); /* of a vector */
    /* tokens int64 [n, length], mask [n, length], vectors float32 [n, length, width] out */
    spar_status (*embed)(void *self, const DLTensor *tokens, const DLTensor *mask, float *vectors,
                         spar_error *error);
    /* Adds the gradient at the vectors to the gradients of the embedding's parameters. */
    spar_status (*accumulate)(void *self, const DLTensor *tokens, const DLTensor *mask,
                              const float *gradient, spar_error *error);
} spar_embedding;

/* Extension: values and gradients inside the model; see site.h. Minor 3. */
#define SPAR_MODEL_SITES "spar.model.sites/1"
typedef struct spar_sites {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t (*count)(void *self);
    /* Site `index` for texts of `length` tokens; 0 for values. Text is valid as long as the
       instance. */
    spar_status (*describe)(void *self, int64_t index, int64_t length, spar_site *site,
                            spar_error *error);
    /* [optional] Which values of a site have an effect: out [n, site's shape] of 1 and 0, from the
       mask [n, length] of the tokens (null for values). Null: all. */
    spar_status (*mask)(void *self, int64_t index, const DLTensor *mask, float *out,
                        spar_error *error);
    /* `pass` and `backward` of the model's table, with `count` uses of sites, each site at most
       once. stage_steps with sites are SPAR_E_UNSUPPORTED. */
    spar_status (*pass)(void *self, const spar_pass *pass, const spar_site_use *uses, int64_t count,
                        spar_error *error);
    spar_status (*backward)(void *self, int32_t tape, const float *cotangent,
                            const spar_site_use *uses, int64_t count, spar_wants wants, float *dx,
                            spar_error *error);
} spar_sites;
SPAR_ASSERT_LAYOUT(sizeof(spar_sites) == 48);

/* Extension: how many example rows each kind of work has processed since setup, counted where the
   work is done, so that a test can see that nothing superfluous was computed. */
#define SPAR_MODEL_COUNTERS "spar.model.counters/1"
typedef struct spar_counters {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t (*forward_rows)(void *self);
    int64_t (*input_gradient_rows)(void *self);
    int64_t (*parameter_gradient_rows)(void *self);
} spar_counters;

/* Extension: what the model's numbers depend on besides its parameters and inputs. */
#define SPAR_MODEL_ARITHMETIC "spar.model.arithmetic/1"
typedef struct spar_arithmetic {
    uint32_t struct_size;
    uint32_t reserved;
    /* Name of the instruction set it computes with, [static]. A run can be resumed only with the
       same one. */
    const char *(*instructions)(void *self);
} spar_arithmetic;

/* Extension: what the model is made of, for whoever looks at it. Minor 3. */
#define SPAR_MODEL_LAYERS "spar.model.layers/1"
typedef struct spar_layer {
    uint32_t struct_size;
    int32_t rank;
    const char *name;             /* what the names of its parameters begin with: "3.body.0" */
    const char *type;             /* "conv" */
    int64_t shape[SPAR_MAX_RANK]; /* of one example's output, at the greatest length */
    int64_t parameters;           /* trained numbers */
    int64_t multiply_adds; /* of one example's forward pass, in products with weights and between
                              the positions of a text; other arithmetic is not counted */
} spar_layer;
typedef struct spar_layers {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t (*count)(void *self); /* of layers */
    /* In the order of the forward pass, the layers inside a layer before it. Text is valid as long
       as the instance. */
    spar_status (*layer)(void *self, int64_t index, spar_layer *layer, spar_error *error);
} spar_layers;
SPAR_ASSERT_LAYOUT(sizeof(spar_layer) == 104);
SPAR_ASSERT_LAYOUT(sizeof(spar_layers) == 24);

SPAR_ASSERT_LAYOUT(sizeof(spar_model_setup) == 112);
SPAR_ASSERT_LAYOUT(sizeof(spar_parameter) == 104);
SPAR_ASSERT_LAYOUT(sizeof(spar_pass) == 96);
SPAR_ASSERT_LAYOUT(sizeof(spar_model_table) == 80);
SPAR_ASSERT_LAYOUT(sizeof(spar_stage_steps) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_embedding) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_counters) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_arithmetic) == 16);

#endif
