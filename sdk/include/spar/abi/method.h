/* A method of training: from a batch to the gradients of one optimizer step.

   The host owns the loop: it clears the gradients, calls `prepare`, then `gradients`, and then
   takes the optimizer's step. The session is all that a method sees.

   To check a pipeline the host lets a throw-away instance take one step on a small model and
   examples of the host's own making, so that a method refuses there what it would refuse at the
   start of the training. */
#ifndef SPAR_ABI_METHOD_H
#define SPAR_ABI_METHOD_H

#include "base.h"
#include "loss.h"
#include "model.h"
#include "site.h"

/* One pass of the model over n rows: spar_pass, with the loss taken care of. The head, or without
   one the loss, gives the gradient at the outputs. The loss's gradient is multiplied by `weight`,
   and so is everything pulled back from it: 1/n makes the batch mean. */
typedef struct spar_session_pass {
    uint32_t struct_size;
    spar_wants wants;
    spar_mode mode;
    int32_t tape;   /* 0: none; otherwise a slot in [1, 8] */
    int64_t draw;   /* 0, 1, ...: a different number gives different dropout masks */
    const float *x; /* [n, size]; null: the batch's own */
    spar_head head; /* null: the loss */
    void *head_context;
    const spar_component_ref *loss; /* null: the pipeline's */
    const float *reference;         /* [n, outputs] for a loss that compares; null: none */
    const int64_t *labels;          /* [n] instead of the batch's own, null: those */
    const float *values;            /* [n, outputs] instead of the batch's own, null: those */
    double weight;                  /* of the loss; ignored with a head */
    int32_t forward_only;           /* 1: neither head nor loss is called */
    int32_t reserved;
    float *outputs;     /* [n, outputs], may be null */
    float *loss_values; /* [n] unweighted, may be null; not with a head */
    float *dx;          /* [n, size] with SPAR_WANT_INPUT_GRADIENT */
    /* Null: none. SPAR_E_UNSUPPORTED if the model has no first stage. */
    const spar_stage_steps *stage_steps;
    const spar_tokens *tokens;  /* instead of x, in the space of tokens; null: the batch's own.
                                   Minor 3 */
    const spar_site_use *sites; /* [site_count], null: none. In the space of a site, x is added to
                                   what is added here. Minor 3 */
    int64_t site_count;
} spar_session_pass;

/* What an attack is to increase during training. */
typedef struct spar_objective {
    uint32_t struct_size;
    spar_mode mode;                 /* of the model while crafting; SPAR_MODE_EVAL is usual */
    const spar_component_ref *loss; /* null: what crafting follows, see spar_session */
    const float *reference;         /* [n, outputs] for a loss that compares; null: none */
    int64_t count;                  /* only the first `count` examples of the batch; 0: all */
} spar_objective;

typedef uint32_t spar_session_flags;
#define SPAR_SESSION_PRETRAINED 1u /* training started from the weights of a file */

typedef uint32_t spar_tensor_flags;
#define SPAR_TENSOR_SAVED 1u /* part of a checkpoint: the content survives a stop */

/* Everything [exclusive]. Valid during `prepare` and `gradients`; the pointers from `tensor` and
   `parameter` stay valid for the run.

   In batches of text, size and shape vary from step to step with the longest text of the batch, if
   model and method take this (SPAR_MODEL_LENGTHS, SPAR_METHOD_LENGTHS). Such a method asks for
   tensors of batch_size * room values, and uses them in rows of `size`. */
typedef struct spar_session {
    uint32_t struct_size;
    int32_t rank;
    void *handle;

    /* The batch. In the space of embeddings x holds the vectors. In the space of parameters the
       batch is one example, the parameter, without labels, values or mask, and batch_size is 1: a
       pass covers the training batch with the parameter set to x, and restores the parameter
       afterwards; its loss and outputs are means. Heads, tapes, references, labels of the method's
       own and steps through the first stage are SPAR_E_UNSUPPORTED there. */
    int64_t count;                /* n */
    int64_t size;                 /* values per example */
    int64_t shape[SPAR_MAX_RANK]; /* of one example */
    int64_t outputs;              /* K */
    const float *x;               /* [n, size] */
    const float *mask;            /* [n, mask_size], as in spar_attack_batch */
    const int64_t *labels;        /* [labelled], null for regression */
    const float *values;          /* [labelled, K], null for classes */
    const int64_t *ids;           /* [n] */
    const spar_threat *threat;    /* null: the pipeline has none */

    /* The progress of training. */
    int64_t epoch, epochs; /* epoch counts from 0 */
    int64_t step, steps;   /* of the run, from 0; counts batches, whatever a method does in one */
    int64_t batch_size; /* the most that count can be: the pipeline's, and unlabelled rows; count is
                           smaller for the last batch of an epoch */
    uint64_t key;       /* of this method's random numbers in this step; combine with the id */

    spar_status (*pass)(const struct spar_session *session, const spar_session_pass *pass,
                        spar_error *error); /* see spar_session_pass */
    spar_status (*backward)(const struct spar_session *session, int32_t tape,
                            const float *cotangent, spar_wants wants, float *dx,
                            spar_error *error); /* as in spar_model_table */
    /* Runs an attack on the batch against the model in its present state; x_adv [n, size] out,
       checked. `objective` may be null. Rows that are not attacked are left unchanged. `draw`
       distinguishes several calls in one step. Rows without labels are never attacked. */
    spar_status (*attack)(const struct spar_session *session, const spar_component_ref *attack,
                          const spar_objective *objective, int64_t draw, float *x_adv,
                          spar_error *error);

    /* Parameters in the model's order. After writing values, call parameters_changed; in the space
       of embeddings or parameters x is then recomputed, in the same memory. */
    int64_t (*parameter_count)(const struct spar_session *session);
    spar_status (*parameter)(const struct spar_session *session, int64_t index,
                             spar_parameter *parameter, spar_error *error);
    spar_status (*parameters_changed)(const struct spar_session *session, spar_error *error);
    spar_status (*zero_gradients)(const struct spar_session *session, spar_error *error);
    /* An extra optimizer step inside a batch (Free); clears the gradients. The host takes the last
       step. SPAR_E_UNSUPPORTED for a method inside another. */
    spar_status (*optimizer_step)(const struct spar_session *session, spar_error *error);

    /* A tensor of the method's own, by name: zero when first asked for, the same memory from then
       on. Asking for another size is an error. */
    spar_status (*tensor)(const struct spar_session *session, const char *name, int64_t size,
                          spar_tensor_flags flags, float **data, spar_error *error);

    /* A number for the run's events; its mean over an epoch is reported. */
    void (*report)(const struct spar_session *session, const char *name, double value);

    /* Evaluates a loss at known outputs, for a head that adds something to it: row i of `rows` is
       example first + i of the batch. If labels, values or ids are null, the batch's are used; if
       the key is 0, the host's. `loss` null: the pipeline's. At rows without labels, here and in
       `pass`, a loss that needs labels or values is 0, and so are its gradients. [thread-safe] */
    spar_status (*loss)(const struct spar_session *session, const spar_component_ref *loss,
                        int64_t first, const spar_loss_rows *rows, spar_error *error);

    /* Runs a method that came as a parameter, on this batch. It gets a session of its own: other
       random numbers, other tensors. */
    spar_status (*prepare)(const struct spar_session *session, const spar_component_ref *method,
                           spar_error *error);
    spar_status (*gradients)(const struct spar_session *session, const spar_component_ref *method,
                             spar_error *error);

    spar_loss_needs loss_needs; /* of the pipeline's loss */
    spar_session_flags flags;   /* minor 1; 0 from hosts before it */

    /* The loss that crafting increases if neither the attack nor the method has its own. Null: the
       pipeline's. It differs from the pipeline's if that one compares with clean outputs.
       Minor 1. */
    const spar_component_ref *crafting_loss;

    /* Minor 3. */
    const int64_t
        *limits;          /* [n] how many values or groups may change; null unless the norm is l0 */
    int64_t mask_size;    /* entries of a row of `mask`; 0: nothing is masked */
    const int32_t *words; /* as in spar_attack_batch */
    int64_t room;         /* most values that an example has in any step */
    int64_t labelled; /* the first so many examples have labels or values; n, except for a method
                         with SPAR_METHOD_UNLABELLED where the pipeline names an unlabelled set */
    /* In the space of tokens the batch itself; x and mask are null and size is 0, dx and `attack`
       are SPAR_E_UNSUPPORTED. Otherwise null. */
    const spar_tokens *tokens;
    /* `attack` in the space of tokens: the attacked texts as tokens, the host's, valid until the
       next call and for passes of this step. */
    spar_status (*attack_tokens)(const struct spar_session *session,
                                 const spar_component_ref *attack, const spar_objective *objective,
                                 int64_t draw, const spar_tokens **attacked, spar_error *error);
    /* The model's sites; 0: it names none, and in the space of parameters. Shapes are those of this
       batch. Names are valid as long as the session. In the space of a site x is zero, and a pass
       adds its x there. */
    int64_t site_count;
    spar_status (*site)(const struct spar_session *session, int64_t index, spar_site *site,
                        spar_error *error);
    /* `backward` with gradients in or out at sites; cotangent null: no gradient at the outputs. */
    spar_status (*backward_at)(const struct spar_session *session, int32_t tape,
                               const float *cotangent, const spar_site_use *uses, int64_t count,
                               spar_wants wants, float *dx, spar_error *error);
} spar_session;

/* What an instance promises beyond the contract; asked after `create`. */
typedef uint32_t spar_method_traits;
#define SPAR_METHOD_LENGTHS 1u    /* takes batches cut to their longest text */
#define SPAR_METHOD_UNLABELLED 2u /* makes use of examples without labels */

typedef struct spar_method_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [optional] Crafts what `gradients` trains on, for example adversarial examples. */
    spar_status (*prepare)(void *self, const spar_session *session, spar_error *error);
    /* Adds this batch's gradients to the parameters' gradient tensors. May be called again for the
       same batch after one `prepare`, with other parameters (AWP): what `prepare` crafted is used
       again. */
    spar_status (*gradients)(void *self, const spar_session *session, spar_error *error);
    /* [optional] As in spar_attack_table; `threat` is null if there is none. Minor 2. */
    spar_status (*fits)(void *self, const spar_threat *threat, spar_error *error);
    spar_method_traits (*traits)(void *self); /* [optional] null: none. Minor 3 */
} spar_method_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_session_pass) == 152);
SPAR_ASSERT_LAYOUT(sizeof(spar_objective) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_session) == 400);
SPAR_ASSERT_LAYOUT(sizeof(spar_method_table) == 40);

#endif
