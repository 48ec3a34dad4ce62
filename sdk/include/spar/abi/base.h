/* Status codes, errors, kinds of component, and the words that several pages share. */
#ifndef SPAR_ABI_BASE_H
#define SPAR_ABI_BASE_H

#include "visibility.h"

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define SPAR_ASSERT_LAYOUT(condition) static_assert(condition, "the layout of the contract changed")
#else
#define SPAR_ASSERT_LAYOUT(condition) \
    _Static_assert(condition, "the layout of the contract changed")
#endif

/* The minor number of this header. A plugin states which one it was built with and which one it
 *requires*; the host refuses only on the second. */
#define SPAR_ABI_MAJOR 1
#define SPAR_ABI_MINOR 3

/* Most dimensions a tensor may have at the boundary. */
#define SPAR_MAX_RANK 8

typedef int32_t spar_status;
#define SPAR_OK 0
#define SPAR_E_INVALID 1     /* a parameter or an argument is wrong; `pointer` says which */
#define SPAR_E_DATA 2        /* a file or its content is wrong */
#define SPAR_E_UNSUPPORTED 3 /* asked for something that this side does not offer */
#define SPAR_E_CANCELLED 4   /* the run is being stopped; pass it on */
#define SPAR_E_BUDGET 5      /* the query budget of the threat model is spent */
#define SPAR_E_CONTRACT 6    /* the other side broke this contract */
#define SPAR_E_MEMORY 7      /* out of memory */
#define SPAR_E_INTERNAL 8    /* anything else */

/* Owned by the caller and zeroed except for struct_size; the callee writes text, cut to fit. */
typedef struct spar_error {
    uint32_t struct_size;
    int32_t code;       /* spar_status */
    char pointer[256];  /* JSON pointer to the offending parameter, inside the component's node */
    char message[1024]; /* what was expected, what was there, how to go on */
} spar_error;

typedef int32_t spar_kind;
#define SPAR_KIND_DATASET 1
#define SPAR_KIND_MODEL 2
#define SPAR_KIND_LOSS 3
#define SPAR_KIND_OPTIMIZER 4
#define SPAR_KIND_ATTACK 5
#define SPAR_KIND_METHOD 6
#define SPAR_KIND_REPORTER 7
#define SPAR_KIND_TRANSFORM 8
#define SPAR_KIND_TOKENIZER 9 /* minor 3 */

/* An instance that the host has built for another component: a parameter that is itself a component
   arrives as one of these. `table` is the kind's table (spar_loss_table for a loss, and so on),
   `self` its first argument. Valid as long as the instance that received it. */
typedef struct spar_component_ref {
    uint32_t struct_size;
    spar_kind kind;
    const void *table;
    void *self;
    const char *type; /* its name in the pipeline */
} spar_component_ref;

/* What an example is. Rank and shape exclude the batch dimension. */
typedef int32_t spar_input_kind;
#define SPAR_INPUT_VALUES 0 /* float32, for images [channels, height, width] in [lower, upper] */
#define SPAR_INPUT_TOKENS                                                                        \
    1                     /* int64 ids [length], with a float32 mask: 0 padding, 1 token; of two \
                             texts of a pair, 2 in the second */
#define SPAR_INPUT_TEXT 2 /* of datasets: UTF-8, from which a tokenizer makes tokens; minor 3 */

/* Between the two texts of a pair, and nowhere else in a text; a tokenizer turns it into its
   separator. */
#define SPAR_TEXT_SEPARATOR "\x1f"

/* `count` texts as tokens. A row has room for `length` tokens and holds lengths[i]; those after it
   are padding, whatever their value. Minor 3. */
typedef struct spar_tokens {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t length;
    const int64_t *tokens;  /* [count, length] */
    const int64_t *lengths; /* [count], each at most length */
} spar_tokens;

typedef int32_t spar_target_kind;
#define SPAR_TARGET_CLASS 0  /* one int64 label per example */
#define SPAR_TARGET_VALUES 1 /* float32 values [outputs] per example: regression or soft labels */

typedef int32_t spar_norm;
#define SPAR_NORM_LINF 0
#define SPAR_NORM_L2 2
#define SPAR_NORM_L1 1
#define SPAR_NORM_L0 3 /* how many values, or groups, differ in their bits (0 and -0 are equal) */

/* What is perturbed. */
typedef int32_t spar_space;
#define SPAR_SPACE_INPUT 0
#define SPAR_SPACE_EMBEDDING 1
#define SPAR_SPACE_PARAMETER 2
/* The text. Points are tokens, in fields of their own. The norm is l0, the group a word, and the
   distance the least number of words substituted, inserted and deleted, counted by the host on the
   texts, words as the tokenizer cuts them. Minor 3. */
#define SPAR_SPACE_TOKENS 3
/* A site inside the model, see site.h. x is what is added there: zero for the clean example. The
   mask says which values have an effect. Minor 3. */
#define SPAR_SPACE_SITE 4

/* Values that belong together. l0 counts groups; under every other norm each group has a ball of
   its own, of radius eps. The shape determines where the values of a group lie. So far pixels go
   with l0 only, and tokens with the other norms in the space of embeddings. */
typedef int32_t spar_group;
#define SPAR_GROUP_NONE 0  /* l0 counts values; other norms go over the whole example */
#define SPAR_GROUP_PIXEL 1 /* the channels at one place of [channels, height, width] */
#define SPAR_GROUP_TOKEN 2 /* a row of [length, width]; minor 3 */
#define SPAR_GROUP_WORD 3  /* a word of a text, in the space of tokens; minor 3 */

/* Every example is perturbed inside the ball ||x_adv - x|| <= eps and the box [lower, upper]. In
   every space but that of inputs the box is infinite. Under l0 eps is a whole number; below 1, in
   the space of tokens, it is a share of the example's words, rounded up. `limits` of a batch has
   the number for each example. */
typedef struct spar_threat {
    uint32_t struct_size;
    spar_norm norm;
    double eps; /* in the units of the space */
    double lower, upper;
    spar_space space;
    int32_t targeted;     /* 1: the goal is the class in `targets`; 0: any class but the label */
    int64_t query_budget; /* most queries per example; 0: no limit */
    spar_group group;     /* minor 2, like the norm l0 */
    int32_t reserved;
    const char *site; /* in SPAR_SPACE_SITE the site's name, or SPAR_SITES_ALL_LOGITS; otherwise
                         null. Valid as long as the threat. Minor 3 */
} spar_threat;

typedef int32_t spar_mode;
#define SPAR_MODE_EVAL 0
#define SPAR_MODE_TRAIN 1

/* What a pass is to compute besides the outputs. */
typedef uint32_t spar_wants;
#define SPAR_WANT_INPUT_GRADIENT 1u
#define SPAR_WANT_PARAMETER_GRADIENTS 2u /* added to the gradient tensors of the parameters */
/* Only together with SPAR_WANT_INPUT_GRADIENT, for attacks in training: outputs and gradient may be
   less exact where that is faster, as in bfloat16. The host sets it only if the pipeline asks for
   it; any model may ignore it. */
#define SPAR_WANT_COARSE 4u

/* Called by a model for a few rows of the batch, as soon as their outputs are known, to obtain the
   gradient at these outputs. [thread-safe]: several blocks [first, first + count) may run at once.
   outputs   [count, outputs_per_example]
   gradients the same shape, to be filled; null when no gradient is wanted */
typedef spar_status (*spar_head)(void *context, int64_t first, int64_t count, const float *outputs,
                                 float *gradients, spar_error *error);

/* Called by a model between spar_stage_steps: moves rows x by their gradient dx. Both are
   [count, example size]. [thread-safe] */
typedef spar_status (*spar_ascent)(void *context, int64_t first, int64_t count, float *x,
                                   const float *dx, spar_error *error);

SPAR_ASSERT_LAYOUT(sizeof(spar_error) == 1288);
SPAR_ASSERT_LAYOUT(offsetof(spar_error, message) == 264);
SPAR_ASSERT_LAYOUT(sizeof(spar_component_ref) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_tokens) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_threat) == 64);
SPAR_ASSERT_LAYOUT(offsetof(spar_threat, space) == 32);

#endif
