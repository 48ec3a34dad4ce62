/* A site: a place inside a model where values can be read, perturbed, and given a gradient.
   Minor 3.

   A model names its sites (SPAR_MODEL_SITES in model.h). Methods reach them through the session; an
   attack perturbs one in SPAR_SPACE_SITE without knowing that it is one. */
#ifndef SPAR_ABI_SITE_H
#define SPAR_ABI_SITE_H

#include "base.h"

typedef int32_t spar_site_kind;
#define SPAR_SITE_OTHER 0
#define SPAR_SITE_EMBEDDING 1 /* [length, width] vectors, before positions are added */
/* [heads, queries, keys]: after the division by the root of the head's width and after biases by
   position, before mask and softmax. What is added there is in these units. Pairs that are masked
   (padded queries or keys, the future, outside a window) have no effect: values and gradients there
   are 0, and what is added or handed back there is ignored. */
#define SPAR_SITE_LOGITS 2
/* [heads, queries, keys]: after the softmax, before dropout. Rows sum to 1; those of padded
   queries are 0, in gradients too, and a cotangent there is ignored. */
#define SPAR_SITE_MAPS 3

typedef uint32_t spar_site_flags;
#define SPAR_SITE_ADDS 1u /* can be perturbed; maps cannot */

/* Instead of a site's name in spar_threat.site: the logits of all layers at once, in the model's
   order of sites: [heads of all layers, queries, keys], or one line where these differ. */
#define SPAR_SITES_ALL_LOGITS "attention_logits"

typedef struct spar_site {
    uint32_t struct_size;
    spar_site_kind kind;
    const char *name; /* unique in the model: "encoder.layers.0.self_attn.logits" */
    int32_t rank;
    spar_site_flags flags;
    int64_t shape[SPAR_MAX_RANK]; /* of one example, at the current length */
    int64_t room;                 /* values of one example at the greatest length */
} spar_site;

/* What one pass, or one way back through its tape, does at one site. Arrays are [n, shape...] or
   null. Where `gradient` or `cotangent` is given, the way back goes at least to the site, even from
   outputs without a gradient. A pass that goes back by its head may keep a tape and go back once
   more. */
typedef struct spar_site_use {
    uint32_t struct_size;
    int32_t site;     /* index */
    const float *add; /* added to the values; in passes only, where the site has SPAR_SITE_ADDS */
    float *values;   /* out: with what was added; in passes only. The caller's own after the pass: a
                        tape does not need it */
    float *gradient; /* out: at these values, of everything that the gradient at the outputs and all
                        cotangents pull back, its own included; SPAR_E_UNSUPPORTED in a pass without
                        head */
    const float *cotangent; /* a gradient of the caller's own at these values, added on the way
                               back; SPAR_E_UNSUPPORTED in a pass without head */
} spar_site_use;

SPAR_ASSERT_LAYOUT(sizeof(spar_site) == 96);
SPAR_ASSERT_LAYOUT(sizeof(spar_site_use) == 40);

#endif
